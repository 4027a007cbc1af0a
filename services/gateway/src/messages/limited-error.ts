import { ApiError, type LimitName, type LimitState } from "@sms-gateway/contracts";

/** A 429 that also carries the state of every limit, for the `RateLimit` headers. */
export class LimitedError extends ApiError {
  readonly limits: readonly LimitState[];

  constructor(limit: LimitName, retryAfterS: number, limits: readonly LimitState[]) {
    const what = limit === "daily_quota" ? "The daily quota is used up" : `The rate limit ${limit} is used up`;
    super("TOO_MANY_REQUESTS", {
      message: `${what}; try again in ${retryAfterS} s.`,
      details: { limit, retry_after: retryAfterS },
      retryAfterS,
    });
    this.name = "LimitedError";
    this.limits = limits;
  }
}
