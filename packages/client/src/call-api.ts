import type { ErrorBody } from "@sms-gateway/contracts";
import { SmsApiError } from "./sms-api-error.ts";

/** Where to call and as whom. */
export interface ApiAddress {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** For one exchange, from the first byte to the last. */
  readonly timeoutMs: number;
}

export interface ApiCall {
  readonly method: "GET" | "POST";
  /** Below the base URL, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

/**
 * One exchange with the API.
 * @returns the parsed body of a success
 * @throws SmsApiError for anything else
 */
export async function callApi(address: ApiAddress, call: ApiCall): Promise<unknown> {
  const { response, text } = await exchange(address, call);
  const body = parseJson(text);
  if (!response.ok) throw readFailure(response, body);
  if (typeof body === "object" && body !== null) return body;
  throw new SmsApiError({
    status: response.status,
    code: "BAD_ANSWER",
    message: `The server answered ${response.status} without a JSON object.`,
  });
}

async function exchange(address: ApiAddress, call: ApiCall): Promise<{ response: Response; text: string }> {
  try {
    const response = await fetch(address.baseUrl + call.path, {
      method: call.method,
      headers: {
        accept: "application/json",
        "api-key": address.apiKey,
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
        ...(call.idempotencyKey === undefined ? {} : { "idempotency-key": call.idempotencyKey }),
      },
      // A redirect would carry the API key to another host.
      redirect: "error",
      signal: AbortSignal.timeout(address.timeoutMs),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
    return { response, text: await response.text() };
  } catch (cause) {
    const isTimeout = cause instanceof Error && cause.name === "TimeoutError";
    const message = isTimeout
      ? `No answer within ${address.timeoutMs} ms.`
      : "The connection failed before the answer was complete.";
    throw new SmsApiError({ status: 0, code: "NO_ANSWER", message, cause });
  }
}

/** The value, or `undefined` for a body that is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readFailure(response: Response, body: unknown): SmsApiError {
  const retryAfterS = readRetryAfter(response.headers.get("retry-after"));
  if (!isErrorBody(body)) {
    return new SmsApiError({
      status: response.status,
      code: "BAD_ANSWER",
      message: `The server answered ${response.status}, not in the form of this API.`,
      retryAfterS,
    });
  }
  return new SmsApiError({
    status: response.status,
    code: body.error_code,
    message: body.message,
    details: body.details,
    trackingId: body.tracking_id,
    retryAfterS,
  });
}

function isErrorBody(body: unknown): body is ErrorBody {
  if (typeof body !== "object" || body === null || !("error_code" in body) || !("message" in body)) return false;
  return typeof body.error_code === "string" && typeof body.message === "string";
}

/** Seconds from now. RFC 9110 allows a number of seconds or a date. */
function readRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, Math.ceil((atMs - Date.now()) / 1000));
}
