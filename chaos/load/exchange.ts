import { type Agent, type OutgoingHttpHeaders, request } from "node:http";

export interface HttpQuestion {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Undefined when it does not say. */
  readonly retryAfterMs: number | undefined;
  readonly text: string;
}

/** A client's patience: above every deadline of the gateway, so that only a gateway that hangs is given up. */
const ANSWER_TIMEOUT_MS = 15_000;

/** One request and its whole answer. Rejects when none came in time, or it broke off. */
export function exchange(agent: Agent, { url, method, headers, body }: HttpQuestion): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const outgoing = request(url, { agent, method, headers: { ...headers, ...length } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.once("error", reject);
      response.once("close", () => {
        if (!response.complete) return reject(new Error("the answer broke off"));
        const retryAfterMs = Number(response.headers["retry-after"] ?? Number.NaN) * 1000 || undefined;
        resolve({ status: response.statusCode ?? 0, retryAfterMs, text });
      });
    });
    const timer = setTimeout(() => outgoing.destroy(new Error("no answer in time")), ANSWER_TIMEOUT_MS);
    outgoing.once("close", () => clearTimeout(timer));
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

/** Why there was no answer: the system's code, or what the error says. */
export function nameFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error ? String(error.code) : error.message;
}

/** Undefined when it is no JSON object. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
