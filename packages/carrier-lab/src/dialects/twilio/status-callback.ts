import { randomUUID } from "node:crypto";
import type { BookedAccount } from "../../accounts/account-book.ts";
import type { Callback, CallbackPolicy } from "../../delivery/callback-sender.ts";
import type { NetworkState } from "../../scenario/delivery-plan.ts";
import type { StatusCallback } from "./parse-send-form.ts";
import { signCallback } from "./sign-callback.ts";
import { API_VERSION, shownSender, type TwilioMessage, UNDELIVERED_ERROR } from "./twilio-message.ts";

/**
 * Twilio waits 15 s for an answer and repeats a callback once (`rc=1`), only where the connection failed.
 * https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
 */
export const TWILIO_CALLBACK_POLICY: CallbackPolicy = { answerTimeoutMs: 15_000, retriesOnConnectFailure: 1 };

export interface StatusReport {
  account: BookedAccount;
  message: TwilioMessage;
  state: NetworkState;
  target: StatusCallback;
  /** When it happened. */
  atMs: number;
}

/** One status callback, signed for its account. */
export function createStatusCallback({ account, message, state, target, atMs }: StatusReport): Callback {
  const fields: Record<string, string> = {
    SmsSid: message.sid,
    SmsStatus: state,
    MessageStatus: state,
    To: message.to,
    MessageSid: message.sid,
    AccountSid: message.accountSid,
    From: shownSender(message),
    ApiVersion: API_VERSION,
  };
  if (message.messagingServiceSid !== null) fields.MessagingServiceSid = message.messagingServiceSid;
  if (state === "undelivered") {
    fields.ErrorCode = String(UNDELIVERED_ERROR.code);
    fields.ErrorMessage = UNDELIVERED_ERROR.message;
  }
  if (state !== "sent") fields.RawDlrDoneDate = formatDoneDate(atMs);
  return {
    url: target.url,
    headers: {
      "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
      "User-Agent": "TwilioProxy/1.1",
      Accept: "*/*",
      "I-Twilio-Idempotency-Token": randomUUID(),
      "X-Twilio-Signature": signCallback(account.authToken, target.given, fields),
    },
    body: new URLSearchParams(fields).toString(),
  };
}

/** `YYMMDDhhmm`, UTC, the format of SMPP receipts, which Twilio passes on as it gets it. */
function formatDoneDate(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\D/g, "").slice(2, 12);
}
