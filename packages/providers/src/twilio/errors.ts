import type { ProviderError, SubmitResult } from "../provider.ts";
import { readRetryAfterMs } from "../retry-after.ts";

/*
 * Twilio's error codes. Titles: https://www.twilio.com/docs/api/errors (each code has a page there, `/docs/errors/<code>`).
 *
 * Classes, for a submit that Twilio refused:
 * - message: this message cannot go, by any provider. Malformed and non-mobile numbers are here and not under
 *   "recipient": that one may put the number on the suppression list, which needs more than one carrier's data.
 * - recipient: the person has said no (STOP).
 * - provider: our account, sender or permissions; another provider may still take it.
 * - try_later: Twilio says that it did not process it, or that its own queue was full. Always `throttled`: it works.
 * - unknown: it may have gone out.
 *
 * Our own words are used and Twilio's `message` never is: it quotes what was sent.
 */
type ErrorClass = "message" | "recipient" | "provider" | "try_later" | "unknown";

type ErrorRow = readonly [code: number, errorClass: ErrorClass, title: string];

const PLATFORM: readonly ErrorRow[] = [
  [14107, "try_later", "SMS send rate limit exceeded"],
  [20003, "provider", "Permission denied: the credentials are wrong or may not do this"],
  [20005, "provider", "Account not active"],
  [20006, "provider", "Access denied"],
  [20008, "provider", "Test credentials cannot send"],
  [20010, "provider", "Action disabled for the account"],
  [20151, "provider", "Authentication failed"],
  [20403, "provider", "Forbidden"],
  [20404, "provider", "Account or resource not found"],
  // "never processed and always safe to retry": https://www.twilio.com/docs/api/errors/20429
  [20429, "try_later", "Too many requests"],
  [20500, "unknown", "Internal server error"],
  [20503, "unknown", "Service unavailable"],
];

const SUBMIT: readonly ErrorRow[] = [
  [21211, "message", "Invalid 'To' phone number"],
  [21212, "provider", "Invalid 'From' number"],
  [21214, "message", "'To' phone number cannot be reached"],
  [21217, "message", "Phone number does not appear to be valid"],
  [21408, "provider", "Sending to the region of the 'To' number is not enabled for the account"],
  [21602, "message", "Message body is required"],
  [21603, "provider", "A 'From' number or Messaging Service is required: neither message nor account has a sender"],
  [21604, "message", "A 'To' phone number is required"],
  [21605, "message", "Message body is too long"],
  [21606, "provider", "The 'From' number cannot send to this destination"],
  [21607, "provider", "Trial accounts must send from the sandbox number"],
  [21608, "provider", "The 'To' number is not verified for this trial account"],
  // Our own PUBLIC_URL is wrong; other providers may take it.
  [21609, "provider", "Invalid 'StatusCallback' address"],
  [21610, "recipient", "The recipient has opted out (STOP)"],
  [21611, "try_later", "The sender's queue is full"],
  // Of this pair of sender and recipient; another provider's sender may reach it.
  [21612, "provider", "The 'To' number is not reachable from this sender"],
  [21614, "message", "'To' number is not a valid mobile number"],
  [21616, "provider", "The 'From' number matches several numbers of the account"],
  [21617, "message", "The message body exceeds 1600 characters"],
  [21618, "message", "The message body cannot be sent"],
  [21623, "message", "Too many media files"],
  [21624, "message", "Invalid validity period"],
  [21657, "provider", "The sender id is invalid"],
  [21658, "message", "A parameter exceeds its length"],
  [21701, "provider", "The Messaging Service does not exist"],
  [21702, "provider", "The Messaging Service cannot send new messages"],
  [21703, "provider", "The Messaging Service has no number available to send"],
  [21704, "provider", "The Messaging Service contains no phone numbers"],
  [21705, "provider", "The Messaging Service is invalid"],
  [21709, "provider", "The sender name is not authorized for this Messaging Service"],
  [21910, "message", "'From' and 'To' are the same or of different channels"],
];

/** Met in delivery reports, and in answers whose message has failed already. */
const DELIVERY: readonly ErrorRow[] = [
  [30001, "try_later", "Queue overflow"],
  [30002, "provider", "Account suspended"],
  [30003, "try_later", "Unreachable destination handset"],
  [30004, "message", "Message blocked"],
  [30005, "message", "Unknown destination handset"],
  [30006, "message", "Landline or unreachable carrier"],
  [30007, "message", "Message filtered"],
  [30008, "message", "Unknown error"],
  [30017, "try_later", "Carrier network congestion"],
  [30018, "provider", "The destination's carrier requires registration of the sender"],
  [30022, "try_later", "10DLC rate limit exceeded"],
  [30023, "try_later", "10DLC daily cap reached"],
  [30024, "provider", "The numeric sender is not provisioned on the carrier"],
  [30027, "try_later", "10DLC daily limit of the carrier reached"],
  [30032, "provider", "The toll-free number has not been verified"],
  [30033, "provider", "10DLC campaign suspended"],
  [30034, "provider", "10DLC: the sending number is not registered"],
  [30035, "provider", "10DLC: the sending number is still being configured"],
  [30036, "message", "Validity period expired"],
  // "failed and not retried to avoid duplicate delivery"
  [30410, "unknown", "Provider timeout"],
  [30450, "message", "Delivery blocked by SMS pumping protection"],
  [63038, "try_later", "The account's daily message limit is reached"],
];

const KNOWN: ReadonlyMap<number, { errorClass: ErrorClass; title: string }> = new Map(
  [...PLATFORM, ...SUBMIT, ...DELIVERY].map(([code, errorClass, title]) => [code, { errorClass, title }]),
);

/** New codes split off old ones without notice (Twilio's changelog, 2024-07-10), so each range has a class. */
const UNLISTED_BY_RANGE: readonly { from: number; to: number; errorClass: ErrorClass }[] = [
  { from: 20_100, to: 20_199, errorClass: "provider" }, // access tokens
  { from: 21_700, to: 21_799, errorClass: "provider" }, // Messaging Services
  { from: 30_440, to: 30_449, errorClass: "provider" }, // toll-free verification
  { from: 30_880, to: 30_899, errorClass: "provider" }, // campaign registration
];

/** For codes outside those ranges and for answers without a code; every other 4xx is about the message. */
const UNLISTED_BY_HTTP_STATUS: ReadonlyMap<number, ErrorClass> = new Map([
  [401, "provider"],
  [402, "provider"],
  [403, "provider"],
  [404, "provider"],
  [407, "provider"],
  // The server may have had the whole request; no document of Twilio's says that it acts on none.
  [408, "unknown"],
]);

/** An answer of Twilio's other than success. */
export interface Refusal {
  readonly httpStatus: number;
  /** Twilio's own code; undefined where the body had none, as in pages of a proxy before it. */
  readonly code: number | undefined;
  readonly retryAfter: string | string[] | undefined;
}

/** What a refused submit means. 5xx are never safe to repeat: no document of Twilio's says so. */
export function readRefusal({ httpStatus, code, retryAfter }: Refusal, nowMs: number): SubmitResult {
  const error = describeRefusal(httpStatus, code);
  const retryAfterMs = readRetryAfterMs(retryAfter, nowMs);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (httpStatus === 429 || code === 20_429) return { ...toResult("try_later", error), ...wait };
  if (httpStatus < 400 || httpStatus >= 500) return { outcome: "unknown", error };
  const known = code === undefined ? undefined : KNOWN.get(code);
  const result = toResult(known?.errorClass ?? classifyUnlisted(httpStatus, code), error);
  return result.outcome === "try_later" ? { ...result, ...wait } : result;
}

/** An answer other than success, in words; `code` as in `Refusal`. */
export function describeRefusal(httpStatus: number, code: number | undefined): ProviderError {
  const known = code === undefined ? undefined : KNOWN.get(code);
  return {
    code: code === undefined ? `HTTP_${httpStatus}` : String(code),
    reason: known?.title ?? describeUnlisted(httpStatus, code),
  };
}

/** What it means when Twilio answers a submit with a message that has failed already; no report will follow that. */
export function readFailedMessage(status: string, code: number | undefined): SubmitResult {
  if (code === undefined) {
    const error = { code: `STATUS_${status.toUpperCase()}`, reason: `Twilio created the message as ${status}` };
    return { outcome: "rejected", scope: "message", error };
  }
  return toResult(KNOWN.get(code)?.errorClass ?? "message", describeTwilioError(code));
}

/** An error code of a delivery report, in words. */
export function describeTwilioError(code: number): ProviderError {
  return { code: String(code), reason: KNOWN.get(code)?.title ?? `Twilio error ${code}` };
}

function toResult(errorClass: ErrorClass, error: ProviderError): SubmitResult {
  if (errorClass === "try_later") return { outcome: "try_later", cause: "throttled", error };
  if (errorClass === "unknown") return { outcome: "unknown", error };
  return { outcome: "rejected", scope: errorClass, error };
}

function classifyUnlisted(httpStatus: number, code: number | undefined): ErrorClass {
  const range = UNLISTED_BY_RANGE.find(({ from, to }) => code !== undefined && code >= from && code <= to);
  return range?.errorClass ?? UNLISTED_BY_HTTP_STATUS.get(httpStatus) ?? "message";
}

function describeUnlisted(httpStatus: number, code: number | undefined): string {
  if (code === undefined) return `Twilio answered HTTP ${httpStatus} without an error code`;
  return `Twilio error ${code}, not in our table (HTTP ${httpStatus}): https://www.twilio.com/docs/errors/${code}`;
}
