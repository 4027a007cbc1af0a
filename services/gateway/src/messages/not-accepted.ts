import { ApiError } from "@sms-gateway/contracts";

/** The 503 of a request of which nothing was taken; `reason` is one word for `details.reason` (api.md section 1). */
export function notAccepted(reason: string, cause?: unknown): ApiError {
  return new ApiError("SERVICE_UNAVAILABLE", {
    message: "The request was not accepted; nothing was sent and nothing charged. Try again.",
    details: { outcome: "not_accepted", reason },
    retryAfterS: 1,
    cause,
  });
}
