import type { SubmitResult } from "@sms-gateway/providers";
import { NOT_CALLED_CODES } from "../delivery/submit-message.ts";

/**
 * What an attempt's end tells of its provider. `failed`: it did not answer, or says that it is not working. `worked`: it
 * answered, be it with a refusal of this message or number. `nothing`: it was not called, it asks for fewer messages, or it
 * refuses our account: no reason to give it up, and none to trust it.
 */
export function weighResult(result: SubmitResult): "worked" | "failed" | "nothing" {
  switch (result.outcome) {
    case "accepted":
      return "worked";
    case "unknown":
      return "failed";
    case "rejected":
      return result.scope === "provider" ? "nothing" : "worked";
    case "try_later":
      return result.cause === "throttled" || NOT_CALLED_CODES.has(result.error.code) ? "nothing" : "failed";
  }
}
