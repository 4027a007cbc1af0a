import type { FastifyBaseLogger } from "fastify";
import { Agent } from "undici";

/** One callback as its dialect wants it on the wire. */
export interface Callback {
  url: URL;
  headers: Record<string, string>;
  body: string;
}

/** How patient a vendor is. */
export interface CallbackPolicy {
  /** Time for the answer, from the moment the request is written. */
  answerTimeoutMs: number;
  /** How often a callback is sent again whose connection could not be made. An answer of any kind is never followed up. */
  retriesOnConnectFailure: number;
}

export type CallbackResult =
  | { outcome: "answered"; httpStatus: number }
  | { outcome: "unreachable" | "unanswered"; reason: string };

export interface CallbackSender {
  /** Never rejects: a callback that fails is logged and forgotten, as vendors do. */
  send(callback: Callback, policy: CallbackPolicy): Promise<CallbackResult>;
  /** Ends what is still on its way. */
  close(): Promise<void>;
}

/** Twilio's `ct`, the time to connect; no vendor's differs enough to need its own. */
const CONNECT_TIMEOUT_MS = 5000;

/** Per receiving host. A receiver that hangs holds its connections for the answer timeout; more of them keep the rest moving. */
const CONNECTIONS_MAX = 256;

/** Codes of failures before the first byte has left; everything else may have been received. */
const CONNECT_FAILURES = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Between two log lines about failed callbacks; a receiver that is down under load fails thousands per second. */
const LOG_PAUSE_MS = 1000;

export function createCallbackSender(logger: FastifyBaseLogger): CallbackSender {
  const agent = new Agent({ connections: CONNECTIONS_MAX, pipelining: 1, connect: { timeout: CONNECT_TIMEOUT_MS } });
  const logFailure = createFailureLog(logger);

  async function post(callback: Callback, answerTimeoutMs: number): Promise<CallbackResult> {
    try {
      const response = await agent.request({
        origin: callback.url.origin,
        path: `${callback.url.pathname}${callback.url.search}`,
        method: "POST",
        headers: callback.headers,
        body: callback.body,
        headersTimeout: answerTimeoutMs,
        bodyTimeout: answerTimeoutMs,
      });
      await response.body.dump();
      return { outcome: "answered", httpStatus: response.statusCode };
    } catch (error) {
      const reason = failureCode(error);
      return { outcome: CONNECT_FAILURES.has(reason) ? "unreachable" : "unanswered", reason };
    }
  }

  return {
    async send(callback, policy) {
      let result = await post(callback, policy.answerTimeoutMs);
      for (let retry = 0; retry < policy.retriesOnConnectFailure && result.outcome === "unreachable"; retry += 1) {
        result = await post(callback, policy.answerTimeoutMs);
      }
      if (result.outcome !== "answered" || result.httpStatus >= 300) logFailure(callback.url, result);
      return result;
    },
    close: () => agent.destroy(),
  };
}

/** The code of a network error, also where several addresses were tried and each failed. */
function failureCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return failureCode(error.errors[0]);
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.name : "unknown";
}

/** Logs the first failure and then at most one per pause, with the number of those in between. */
function createFailureLog(logger: FastifyBaseLogger): (url: URL, result: CallbackResult) => void {
  let silentUntilMs = 0;
  let notLogged = 0;
  return (url, result) => {
    if (performance.now() < silentUntilMs) {
      notLogged += 1;
      return;
    }
    logger.warn({
      event: "lab.callback_failed",
      origin: url.origin,
      path: url.pathname,
      ...result,
      not_logged: notLogged,
    });
    silentUntilMs = performance.now() + LOG_PAUSE_MS;
    notLogged = 0;
  };
}
