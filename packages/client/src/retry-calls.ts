import { SmsApiError } from "./sms-api-error.ts";

/**
 * Pauses double from the first to the cap, each with full jitter in its upper half, so that clients do not return in step:
 * 0.1–0.2 s, 0.2–0.4 s, 0.4–0.8 s … 2.5–5 s. `Retry-After` lengthens a pause and never shortens it.
 */
const PAUSE_FIRST_MS = 200;
const PAUSE_CAP_MS = 5_000;
/** A server that asks for more patience than this is left to the caller, who learns it from `retryAfterS`. */
const RETRY_AFTER_MAX_S = 10;

/** Statuses of a gateway, ours or one on the way, that could not pass the request on. */
const UNAVAILABLE: ReadonlySet<number> = new Set([502, 503, 504]);

/** Whether the same call may succeed in a moment. */
export function mayRetry(error: unknown): error is SmsApiError {
  if (!(error instanceof SmsApiError)) return false;
  return error.code === "NO_ANSWER" || error.code === "IDEMPOTENCY_IN_PROGRESS" || UNAVAILABLE.has(error.status);
}

/**
 * Makes the call, and again while it fails in a way that may pass, at most `retries` times more. For calls that may be
 * repeated: reads, and a send with its key.
 * @throws SmsApiError of the last try, with the tracking id of any earlier one that had none itself
 */
export async function retryCalls<T>(retries: number, call: () => Promise<T>): Promise<T> {
  let trackingId: string | undefined;
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!mayRetry(error)) throw error;
      trackingId = error.trackingId ?? trackingId;
      if (tries > retries || (error.retryAfterS ?? 0) > RETRY_AFTER_MAX_S) throw error.withFacts({ trackingId });
      await pause(pauseMs(tries, error.retryAfterS));
    }
  }
}

/** Resolves after that many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function pauseMs(tries: number, retryAfterS = 0): number {
  const backOffMs = Math.min(PAUSE_CAP_MS, PAUSE_FIRST_MS * 2 ** (tries - 1)) * (0.5 + Math.random() / 2);
  return Math.max(backOffMs, retryAfterS * 1000);
}
