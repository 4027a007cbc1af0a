import { isUtf8 } from "node:buffer";
import { type AcceptedEnvelope, parseAcceptedEnvelope } from "./accepted-envelope.ts";
import { parseReportEnvelope, type ReportEnvelope } from "./report-envelope.ts";

/** What one message of a lane's queue carries, whatever the queue runs on: requests that were published together. */
export const ACCEPTED_GROUP_TYPE = "sms.accepted.group";
export const REPORT_TYPE = "sms.report";
const ACCEPTED_GROUP_VERSION = 1;

/** What a delivery holds. A bad part never takes good ones with it. */
export interface DeliveryContent<T> {
  readonly good: readonly T[];
  readonly bad: readonly BadPart[];
}

/** Something that cannot be read, as it goes to `sms.dead`. */
export interface BadPart {
  /** What is wrong, without texts or numbers: it is logged. */
  readonly problem: string;
  readonly body: Buffer;
  /** Position in its group; none when the whole delivery is bad. */
  readonly index?: number;
}

export type ReadDelivery<T> = (body: Buffer) => DeliveryContent<T>;

export function writeAcceptedGroup(envelopes: readonly AcceptedEnvelope[]): Buffer {
  return Buffer.from(JSON.stringify({ type: ACCEPTED_GROUP_TYPE, version: ACCEPTED_GROUP_VERSION, envelopes }));
}

/** Reads a delivery of a lane. */
export function readAcceptedGroup(body: Buffer): DeliveryContent<AcceptedEnvelope> {
  const parsed = readObject(body);
  if (!parsed.ok) return whollyBad(body, parsed.problem);
  const { type, version, envelopes } = parsed.value;
  if (type !== ACCEPTED_GROUP_TYPE || version !== ACCEPTED_GROUP_VERSION)
    return whollyBad(body, describeKind(parsed.value));
  if (!Array.isArray(envelopes) || envelopes.length === 0)
    return whollyBad(body, "/envelopes must be a list of at least one");
  const good: AcceptedEnvelope[] = [];
  const bad: BadPart[] = [];
  for (const [index, value] of envelopes.entries()) {
    const read = parseAcceptedEnvelope(value);
    if (read.ok) good.push(read.envelope);
    else bad.push({ problem: `/envelopes/${index}: ${read.problem}`, body: Buffer.from(JSON.stringify(value)), index });
  }
  return { good, bad };
}

export function writeReport(report: ReportEnvelope): Buffer {
  return Buffer.from(JSON.stringify(report));
}

/** Reads a delivery of `sms.reports`. */
export function readReport(body: Buffer): DeliveryContent<ReportEnvelope> {
  const parsed = readObject(body);
  if (!parsed.ok) return whollyBad(body, parsed.problem);
  if (parsed.value.type !== REPORT_TYPE) return whollyBad(body, describeKind(parsed.value));
  const read = parseReportEnvelope(parsed.value);
  return read.ok ? { good: [read.envelope], bad: [] } : whollyBad(body, read.problem);
}

function readObject(body: Buffer): { ok: true; value: Record<string, unknown> } | { ok: false; problem: string } {
  // Decoding would replace bad bytes in silence and so change a text.
  if (!isUtf8(body)) return { ok: false, problem: "not UTF-8" };
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    // The parser's own message quotes the body.
    return { ok: false, problem: "not JSON" };
  }
  return isRecord(value) ? { ok: true, value } : { ok: false, problem: "not a JSON object" };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function whollyBad<T>(body: Buffer, problem: string): DeliveryContent<T> {
  return { good: [], bad: [{ problem, body }] };
}

function describeKind({ type, version }: Record<string, unknown>): string {
  // Only names of our own form are repeated; anything else might be a person's data.
  const name = typeof type === "string" && /^[a-z._]{1,40}$/.test(type) ? type : "none of ours";
  return `unknown kind: type ${name}, version ${typeof version === "number" ? version : "none"}`;
}
