/*
 * One HTTP request of which we know, when it fails, whether any byte of it had left: that alone decides whether a
 * message may be sent again (architecture.md 5.5).
 *
 *   waiting   no connection yet (resolving, connecting, TLS handshake, queued for a free connection)
 *     → started   undici is about to write the first byte
 *     → unsent    connecting failed, time is up, or it was cancelled; should a connection come now, nothing is written
 *   started
 *     → answered  status, headers and the whole body are here
 *     → broken    time is up, it was cancelled, or the connection ended before that; the request may have been acted on
 *
 * The trade: what breaks between "started" and the kernel's taking the first byte counts as sent although it was not.
 * Such a message waits longer; the other way round one could go out twice. Nothing is ever repeated here.
 */
import { setMaxListeners } from "node:events";
import { Agent, type Dispatcher } from "undici";

export type ExchangeResult =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly body: string;
    }
  /** `code` is a system's or undici's own word (`ECONNREFUSED`), or `TIMEOUT`, `CANCELED`, `ANSWER_TOO_LARGE`. */
  | { readonly kind: "unsent" | "broken"; readonly code: string };

export interface ExchangeRequest {
  readonly origin: string;
  /** With query. */
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for none. */
  readonly body: string;
}

export interface ExchangeLimits {
  /** For everything, from connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Holds the connections to one provider; opens them when needed. */
export interface HttpExchanger {
  /** Never rejects: a failure is a result, and it carries no part of the request, so no credentials either. */
  exchange(request: ExchangeRequest, limits: ExchangeLimits): Promise<ExchangeResult>;
  /** Lets what is under way end, then closes the connections. Whatever is asked for afterwards is `unsent`. */
  close(): Promise<void>;
}

/** To a provider's API round the world this takes below 0.5 s with TLS; longer means that it is not well. */
const CONNECT_TIMEOUT_MS = 2000;

/** Per provider. The worker bounds what is in flight; this only keeps a mistake there from using up all sockets. */
const CONNECTIONS_MAX = 256;

/** Answers to a submit have 1 to 4 KiB; a page of 50 messages of 1600 characters, all of them escaped, 0.5 to 1 MiB. */
const ANSWER_BYTES_MAX = 1_048_576;

export function createHttpExchanger(): HttpExchanger {
  const agent = new Agent({
    connections: CONNECTIONS_MAX,
    // One request at a time per connection: with more, one slow answer would turn its followers into unknown outcomes.
    pipelining: 1,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    // Every exchange has one limit for all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let closing: Promise<void> | undefined;
  return {
    exchange: (request, limits) => runExchange(agent, request, limits),
    close() {
      // Closing an agent twice is an error of undici's.
      closing ??= agent.close();
      return closing;
    },
  };
}

function runExchange(agent: Agent, request: ExchangeRequest, limits: ExchangeLimits): Promise<ExchangeResult> {
  const { timeoutMs, signal } = limits;
  if (signal.aborted) return Promise.resolve({ kind: "unsent", code: "CANCELED" });
  if (timeoutMs <= 0) return Promise.resolve({ kind: "unsent", code: "TIMEOUT" });
  return new Promise((resolve) => {
    const receiver = createReceiver((result) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
      resolve(result);
    });
    const cancel = () => receiver.giveUp("CANCELED");
    const timer = setTimeout(() => receiver.giveUp("TIMEOUT"), timeoutMs);
    // One signal may serve everything in flight; Node takes more than ten listeners on it for a leak.
    setMaxListeners(0, signal);
    signal.addEventListener("abort", cancel, { once: true });
    agent.dispatch({ ...request, headers: { ...request.headers } }, receiver.handler);
  });
}

/** Follows one request through undici and reports its end, once. */
function createReceiver(onEnd: (result: ExchangeResult) => void) {
  let started: Dispatcher.DispatchController | undefined;
  let ended = false;
  let answer: { status: number; headers: Record<string, string | string[] | undefined> } | undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;

  function end(result: ExchangeResult): void {
    if (ended) return;
    ended = true;
    onEnd(result);
  }
  function giveUp(code: string): void {
    end({ kind: started === undefined ? "unsent" : "broken", code });
    started?.abort(new Error(code));
  }

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(controller) {
      // Given up while it waited for a connection: aborted here, undici writes nothing.
      if (ended) controller.abort(new Error("given up"));
      else started = controller;
    },
    onResponseStart(_controller, status, headers) {
      // 1xx are followed by the real answer.
      if (status >= 200) answer = { status, headers };
    },
    onResponseData(_controller, chunk) {
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) giveUp("ANSWER_TOO_LARGE");
      else chunks.push(chunk);
    },
    onResponseEnd() {
      if (answer === undefined) giveUp("NO_ANSWER");
      else end({ kind: "answered", ...answer, body: Buffer.concat(chunks).toString("utf8") });
    },
    onResponseError(_controller, error) {
      end({ kind: started === undefined ? "unsent" : "broken", code: readErrorCode(error) });
    },
  };
  return { handler, giveUp };
}

/** The error's code and never its text, which may quote what was sent or received. */
function readErrorCode(error: unknown): string {
  if (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    /^[A-Z0-9_]{2,64}$/.test(error.code)
  ) {
    return error.code;
  }
  if (error instanceof AggregateError && error.errors.length > 0) return readErrorCode(error.errors[0]);
  return "NETWORK_ERROR";
}
