import type { ReportStatus } from "@sms-gateway/contracts";

/** Twilio's words in ours. Source: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values */
const STATUSES: ReadonlyMap<string, ReportStatus> = new Map([
  ["accepted", "accepted"],
  ["scheduled", "scheduled"],
  ["queued", "queued"],
  ["sending", "sending"],
  ["sent", "sent"],
  ["delivered", "delivered"],
  ["partially_delivered", "delivered"],
  ["read", "delivered"],
  ["undelivered", "undelivered"],
  ["failed", "failed"],
  ["canceled", "canceled"],
]);

/** Codes that say more than the `failed` or `undelivered` they come with: it ran out of time; nobody knows. */
const FAILURES: ReadonlyMap<number, ReportStatus> = new Map([
  [30_036, "expired"],
  [30_410, "unknown"],
]);

/** A status of Twilio's with the error code beside it, in our words; undefined for a word that is not listed. */
export function readStatus(word: string, code: number | undefined): ReportStatus | undefined {
  const status = STATUSES.get(word);
  const isFailure = status === "failed" || status === "undelivered";
  return (isFailure && code !== undefined ? FAILURES.get(code) : undefined) ?? status;
}
