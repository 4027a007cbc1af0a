/** An answer of the API as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty where the body is no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly tookMs: number;
}

export interface CallOptions {
  readonly method?: string;
  /** Becomes JSON, unless it is text or bytes already. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Above every deadline that the contract names, so that a late answer is seen as late and not as none. */
const ANSWER_TIMEOUT_MS = 20_000;

/** One HTTP exchange. Rejects only when no answer comes. */
export async function callHttp(url: string, { method = "GET", body, headers = {} }: CallOptions = {}): Promise<Answer> {
  const startedAtMs = performance.now();
  const isRaw = typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined || isRaw ? {} : { "content-type": "application/json" }), ...headers },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const { status } = response;
  return { status, headers: response.headers, body: readObject(text), text, tookMs: performance.now() - startedAtMs };
}

/** Stands for the answer that never came; `text` says why. */
export function noAnswer(error: unknown, tookMs: number): Answer {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return { status: 0, headers: new Headers(), body: {}, text: String(cause), tookMs };
}

/** A text field of an answer. */
export function textOf({ status, body }: Answer, field: string): string {
  const value = body[field];
  if (typeof value === "string") return value;
  throw new Error(`the answer (${status}) has no text "${field}": ${JSON.stringify(body)}`);
}

function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
