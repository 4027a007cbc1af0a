import { ERROR_CODES } from "@sms-gateway/contracts";
import { findLeak, type Secret } from "./find-leak.ts";
import type { FuzzRequest } from "./fuzz-request.ts";
import { isObject } from "./json-schema.ts";
import { listMismatches } from "./match-schema.ts";
import type { Answer } from "./read-answers.ts";
import type { Exchange } from "./send-request.ts";

/** Something that must not be. */
export interface Fault {
  readonly kind: FaultKind;
  readonly detail: string;
}

export type FaultKind =
  | "hang"
  | "no answer"
  | "no HTTP"
  | "one answer too many"
  | "server error"
  | "unannounced 503"
  | "undeclared status"
  | "answer against its schema"
  | "error without its shape"
  | "missing header"
  | "leak"
  | "management through the gateway";

export interface Rules {
  /** Values that no answer may hold. */
  readonly secrets: readonly Secret[];
  /** Whether the process must not answer management, whatever the key. */
  readonly isGateway: boolean;
}

/** What a 503 tells of the request: nothing of it was taken, or nobody knows. */
const OUTCOMES = new Set(["not_accepted", "unknown"]);

/** Everything that is wrong with one exchange; empty when all is well. */
export function judgeExchange(request: FuzzRequest, exchange: Exchange, rules: Rules): Fault[] {
  const { answers, end, restBytes, tookMs, failure = end } = exchange;
  const { expects, methods } = request;
  const faults = answers.flatMap((answer) => judgeAnswer(request, answer, rules));
  const what = `${answers.length} of ${methods.length} answers after ${(tookMs / 1000).toFixed(1)} s`;
  // What follows the request may be refused as none, or as too slow (RFC 9110, 15.5.9); nobody may answer it.
  const further = answers.slice(methods.length).filter(({ status }) => status !== 400 && status !== 408);
  if (further.length > 0) faults.push({ kind: "one answer too many", detail: what });
  if (restBytes > 0) faults.push({ kind: "no HTTP", detail: `${restBytes} bytes that are no whole answer` });
  if (end === "deadline") faults.push({ kind: "hang", detail: what });
  // A parser that ends the connection answers the request that it could not read, and none behind it.
  else if (answers.length === 0 && restBytes === 0 && expects.mayBreak === undefined)
    faults.push({ kind: "no answer", detail: `the connection: ${failure}` });
  return faults;
}

function judgeAnswer(request: FuzzRequest, answer: Answer, rules: Rules): Fault[] {
  const body = readJson(answer);
  const leak = findLeak(answer, request.bytes, rules.secrets);
  return [
    ...(leak === undefined ? [] : [{ kind: "leak", detail: leak } as const]),
    ...judgeStatus(request, answer, body),
    ...judgeBody(request, answer, body),
    ...judgeHeaders(answer),
    ...judgeManagement(request, answer, rules),
  ];
}

function judgeStatus({ expects }: FuzzRequest, { status }: Answer, body: unknown): Fault[] {
  const { operation, also } = expects;
  if (status === 503) return isAnnounced(body) ? [] : [{ kind: "unannounced 503", detail: describe(body) }];
  if (status >= 500) return [{ kind: "server error", detail: `${status} ${describe(body)}` }];
  // Told by the parser, before there is an operation (docs/errors.md).
  if (status === 431) return [];
  if (operation === undefined || operation.answers.has(status) || also.includes(status)) return [];
  // Not from the operation then, which another fault says.
  if (status >= 400 && listMissing(body).length > 0) return [];
  return [{ kind: "undeclared status", detail: `${status} ${describe(body)}` }];
}

/** As the contract has them: with an outcome, or before anything was taken, or the answer of `/readyz`. */
function isAnnounced(body: unknown): boolean {
  if (!isObject(body)) return false;
  const { error_code: code, details, status } = body;
  if (code === "NO_PROVIDER_AVAILABLE" || status === "not_ready") return true;
  return code === "SERVICE_UNAVAILABLE" && isObject(details) && OUTCOMES.has(String(details.outcome));
}

/** A request without Host, or with an expectation that nobody knows, is answered by Node before any code of ours. */
function isOfNode({ status, headers, body }: Answer): boolean {
  return (status === 400 || status === 417) && body.length === 0 && !headers.has("content-type");
}

function judgeBody({ expects, methods }: FuzzRequest, answer: Answer, body: unknown): Fault[] {
  const { status, body: bytes } = answer;
  if (methods[0] === "HEAD") return [];
  const { operation } = expects;
  if (isOfNode(answer)) return [];
  const missing = status >= 400 && status !== 503 ? listMissing(body) : [];
  if (missing.length > 0) {
    const shown = body === undefined ? bytes.toString("latin1").slice(0, 80) : describe(body);
    return [{ kind: "error without its shape", detail: `${status} without ${missing.join(", ")}: ${shown}` }];
  }
  const declared = operation?.answers.get(status);
  if (operation === undefined || declared?.json === undefined) return [];
  const mismatches = body === undefined ? ["it is no JSON"] : listMismatches(operation.schemas, declared.json, body);
  return mismatches.length === 0 ? [] : [{ kind: "answer against its schema", detail: `${status} ${mismatches[0]}` }];
}

function listMissing(body: unknown): string[] {
  if (!isObject(body)) return ["a JSON object"];
  const { error_code: code, message, details, timestamp } = body;
  return [
    ...(typeof code === "string" && Object.hasOwn(ERROR_CODES, code) ? [] : ["error_code"]),
    ...(typeof message === "string" && message !== "" ? [] : ["message"]),
    ...(isObject(details) ? [] : ["details"]),
    ...(typeof timestamp === "string" && !Number.isNaN(Date.parse(timestamp)) ? [] : ["timestamp"]),
  ];
}

/** A client must know where to go on, and when. Headers that a request has smuggled in are seen here too. */
function judgeHeaders({ status, headers }: Answer): Fault[] {
  const faults: Fault[] = [];
  const wanted = status === 405 ? "allow" : status === 429 ? "retry-after" : undefined;
  if (wanted !== undefined && !headers.has(wanted))
    faults.push({ kind: "missing header", detail: `${status} without ${wanted}` });
  if (headers.has("x-injected")) faults.push({ kind: "leak", detail: "a header of the request came back as a header" });
  return faults;
}

function judgeManagement({ target }: FuzzRequest, { status }: Answer, { isGateway }: Rules): Fault[] {
  const [path = ""] = target.split("?");
  if (!isGateway || status >= 300 || !/admin/i.test(path)) return [];
  return [{ kind: "management through the gateway", detail: `${status} for ${path.slice(0, 200)}` }];
}

/** Undefined when it is none, or none was sent. */
function readJson({ headers, body }: Answer): unknown {
  if (!(headers.get("content-type") ?? "").startsWith("application/json")) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function describe(body: unknown): string {
  if (!isObject(body)) return body === undefined ? "no JSON" : JSON.stringify(body).slice(0, 120);
  const { error_code: code, error, message } = body;
  return [code, error, typeof message === "string" ? message.slice(0, 100) : undefined]
    .filter((part) => part !== undefined)
    .join(": ");
}
