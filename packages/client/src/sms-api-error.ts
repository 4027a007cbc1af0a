import type { ErrorCode } from "@sms-gateway/contracts";

/**
 * The API's own codes, and three of this client's: `NO_ANSWER` (no connection, or no answer within the time), `BAD_ANSWER`
 * (an answer that is not this API's, as of a proxy on the way), `NOT_FINAL_IN_TIME` (`waitForFinal` has waited long enough).
 */
export type SmsErrorCode = ErrorCode | "NO_ANSWER" | "BAD_ANSWER" | "NOT_FINAL_IN_TIME";

export interface SmsApiErrorFacts {
  readonly status: number;
  readonly code: SmsErrorCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly trackingId?: string | undefined;
  readonly retryAfterS?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly cause?: unknown;
}

/** Every failure of a call. It never carries the API key. */
export class SmsApiError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly code: SmsErrorCode;
  /** What the answer says beside the message, such as `errors` of `INVALID_PAYLOAD`. */
  readonly details: Readonly<Record<string, unknown>>;
  /** The message that may have been accepted all the same: read it with `getMessage`. */
  readonly trackingId: string | undefined;
  /** When the same call may succeed, in seconds, if the answer says so. */
  readonly retryAfterS: number | undefined;
  /** Of a failed `send`: sending again with this key sends at most one message. */
  readonly idempotencyKey: string | undefined;

  constructor(facts: SmsApiErrorFacts) {
    super(facts.message, { cause: facts.cause });
    this.name = "SmsApiError";
    this.status = facts.status;
    this.code = facts.code;
    this.details = facts.details ?? {};
    this.trackingId = facts.trackingId;
    this.retryAfterS = facts.retryAfterS;
    this.idempotencyKey = facts.idempotencyKey;
  }

  /** The same failure with more known about it; what is known already stays. */
  withFacts(facts: Pick<SmsApiErrorFacts, "trackingId" | "idempotencyKey">): SmsApiError {
    const { status, code, message, details, retryAfterS, cause } = this;
    const trackingId = this.trackingId ?? facts.trackingId;
    const idempotencyKey = this.idempotencyKey ?? facts.idempotencyKey;
    return new SmsApiError({ status, code, message, details, trackingId, retryAfterS, idempotencyKey, cause });
  }
}
