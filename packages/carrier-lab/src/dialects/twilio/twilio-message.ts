import { randomBytes } from "node:crypto";
import type { NetworkState } from "../../scenario/delivery-plan.ts";
import { countSegments } from "./count-segments.ts";
import type { SendForm } from "./parse-send-form.ts";

export const API_VERSION = "2010-04-01";

/** A Messaging Service starts at accepted, a number at queued; delivered and undelivered are final. */
export type TwilioStatus = "accepted" | "queued" | NetworkState;

/** A message as this carrier keeps it. Only `status` and what hangs on it ever change. */
export interface TwilioMessage {
  sid: string;
  accountSid: string;
  to: string;
  from: string | null;
  messagingServiceSid: string | null;
  body: string;
  segments: number;
  status: TwilioStatus;
  errorCode: number | null;
  createdAtMs: number;
  updatedAtMs: number;
  sentAtMs: number | null;
}

/** The one failure the scenarios have: an unknown handset. */
export const UNDELIVERED_ERROR = { code: 30005, message: "Unknown destination handset" } as const;

/** Per segment, US dollars; the figure of the examples in Twilio's API description. */
const SEGMENT_PRICE_USD = 0.0075;

/** A Messaging Service that picks its sender picks this one. */
const POOL_NUMBER = "+15005550100";

export function createTwilioMessage(accountSid: string, form: SendForm, nowMs: number): TwilioMessage {
  return {
    sid: `SM${randomBytes(16).toString("hex")}`,
    accountSid,
    to: form.to,
    from: form.from,
    messagingServiceSid: form.messagingServiceSid,
    body: form.body,
    segments: countSegments(form.body),
    status: form.messagingServiceSid === null ? "queued" : "accepted",
    errorCode: null,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    sentAtMs: null,
  };
}

/** Follows the network, except that a late "sent" takes nothing back. */
export function changeStatus(message: TwilioMessage, state: NetworkState, nowMs: number): void {
  message.sentAtMs ??= nowMs;
  message.from ??= POOL_NUMBER;
  if (state === "sent" && (message.status === "delivered" || message.status === "undelivered")) return;
  message.status = state;
  message.updatedAtMs = nowMs;
  message.errorCode = state === "undelivered" ? UNDELIVERED_ERROR.code : null;
}

/** Who the handset sees as the sender. */
export function shownSender(message: TwilioMessage): string {
  return message.from ?? POOL_NUMBER;
}

/** The Message resource as Twilio answers with it. */
export function formatTwilioMessage(message: TwilioMessage) {
  const uri = `/${API_VERSION}/Accounts/${message.accountSid}/Messages/${message.sid}`;
  const isBilled = message.sentAtMs !== null;
  return {
    body: message.body,
    num_segments: message.messagingServiceSid !== null && !isBilled ? "0" : String(message.segments),
    direction: "outbound-api",
    from: message.from,
    date_updated: formatRfc2822(message.updatedAtMs),
    price: isBilled ? (-SEGMENT_PRICE_USD * message.segments).toFixed(5) : null,
    error_message: message.errorCode === null ? null : UNDELIVERED_ERROR.message,
    uri: `${uri}.json`,
    account_sid: message.accountSid,
    num_media: "0",
    to: message.to,
    date_created: formatRfc2822(message.createdAtMs),
    status: message.status,
    sid: message.sid,
    date_sent: message.sentAtMs === null ? null : formatRfc2822(message.sentAtMs),
    messaging_service_sid: message.messagingServiceSid,
    error_code: message.errorCode,
    price_unit: "USD",
    api_version: API_VERSION,
    subresource_uris: { media: `${uri}/Media.json` },
  };
}

/** `Thu, 24 Aug 2023 05:01:45 +0000` */
function formatRfc2822(atMs: number): string {
  return new Date(atMs).toUTCString().replace("GMT", "+0000");
}
