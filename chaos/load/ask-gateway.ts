import { Agent } from "node:http";
import { exchange, type HttpAnswer, nameFailure, parseObject } from "./exchange.ts";

/** What a client learns from one try. */
export type TryResult =
  /** 202: these are promised, in the order of the recipients. */
  | { readonly kind: "accepted"; readonly ids: readonly string[] }
  /** Nothing was taken: any 4xx, or 503 with `outcome: not_accepted`, or nobody listened. `again`: it may be tried again. */
  | { readonly kind: "refused"; readonly why: string; readonly again: boolean; readonly waitMs: number }
  /** 409: an earlier request with this key is still being worked on. */
  | { readonly kind: "in_progress"; readonly waitMs: number }
  /** 503 with `outcome: unknown` (then with an id), or no answer at all. */
  | { readonly kind: "unknown"; readonly why: string; readonly firstId: string | undefined; readonly waitMs: number }
  /** What the contract does not know: a 5xx that is not an announced 503, or an answer that cannot be read. */
  | { readonly kind: "broken"; readonly why: string };

export interface Question {
  readonly url: string;
  readonly apiKey: string;
  readonly idempotencyKey: string | undefined;
  readonly body: string;
}

/** Before the next try when no `Retry-After` says another time. */
const PAUSE_MS = 200;
/** Nobody listened there, so nothing was taken. */
const NOT_CONNECTED = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);

/** Connections that are kept, as good clients keep them. */
export interface Line {
  ask(question: Question): Promise<TryResult>;
  close(): void;
}

/** Opens the connections of all clients of a run. */
export function openLine(connectionsMax: number): Line {
  const agent = new Agent({ keepAlive: true, maxSockets: connectionsMax, noDelay: true });
  return { ask: (question) => ask(agent, question), close: () => agent.destroy() };
}

async function ask(agent: Agent, question: Question): Promise<TryResult> {
  const { url, apiKey, idempotencyKey, body } = question;
  const headers = {
    "content-type": "application/json",
    "api-key": apiKey,
    ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
  };
  try {
    return readAnswer(await exchange(agent, { url: `${url}/api/v1/sms/send`, method: "POST", headers, body }));
  } catch (error) {
    const why = nameFailure(error);
    if (NOT_CONNECTED.has(why)) return { kind: "refused", why, again: true, waitMs: PAUSE_MS };
    return { kind: "unknown", why, firstId: undefined, waitMs: PAUSE_MS };
  }
}

/** Reads an answer as the contract means it. */
function readAnswer({ status, retryAfterMs = PAUSE_MS, text }: HttpAnswer): TryResult {
  const waitMs = retryAfterMs;
  const body = parseObject(text);
  const broken: TryResult = { kind: "broken", why: `${status} ${text.slice(0, 200)}` };
  if (body === undefined) return broken;
  if (status === 202) {
    const { message_ids: ids } = body;
    return isTexts(ids) && ids.length > 0 ? { kind: "accepted", ids } : broken;
  }
  const why = `${status} ${String(body.error_code)}`;
  if (status === 409 && body.error_code === "IDEMPOTENCY_IN_PROGRESS") return { kind: "in_progress", waitMs };
  if (status === 503) return readUnavailable(body, waitMs) ?? broken;
  if (status >= 400 && status < 500) return { kind: "refused", why, again: status === 429, waitMs };
  return broken;
}

function readUnavailable(body: Readonly<Record<string, unknown>>, waitMs: number): TryResult | undefined {
  const { details, tracking_id: id, error_code: code } = body;
  // Refused before anything was taken; the contract gives it no outcome of its own.
  if (code === "NO_PROVIDER_AVAILABLE") return { kind: "refused", why: `503 ${code}`, again: true, waitMs };
  if (typeof details !== "object" || details === null || !("outcome" in details)) return undefined;
  const reason = "reason" in details ? ` ${String(details.reason)}` : "";
  if (details.outcome === "not_accepted") return { kind: "refused", why: `503${reason}`, again: true, waitMs };
  if (details.outcome !== "unknown" || typeof id !== "string") return undefined;
  return { kind: "unknown", why: `503${reason}`, firstId: id, waitMs };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
