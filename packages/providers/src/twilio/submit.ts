import type { Twilio } from "twilio";
import type { ExchangeLimits, ExchangeResult } from "../http-exchange.ts";
import type { SubmitMessage, SubmitResult } from "../provider.ts";
import { TWILIO_CAPABILITIES } from "./capabilities.ts";
import { isMessagingService, type TwilioConfig } from "./config.ts";
import { readFailedMessage, readRefusal } from "./errors.ts";
import type { CallTrace, TwilioSdk } from "./http-client.ts";
import { isMessageSid, type MessageInstance, readErrorCode, readSegments } from "./message-resource.ts";

type MessageParams = Parameters<Twilio["messages"]["create"]>[0];

/** A message that begins in one of these states has ended in it: the first state is never reported. */
const FAILED_AT_ONCE: readonly string[] = ["failed", "undelivered", "canceled"];

/**
 * Submits one message. The outcome follows from what became of the HTTP request and not from the SDK's exceptions,
 * which do not tell whether anything was sent.
 * @throws Error when the SDK makes no request at all: our own fault, not an outcome.
 */
export async function submitToTwilio(
  sdk: TwilioSdk,
  config: TwilioConfig,
  message: SubmitMessage,
  limits: ExchangeLimits,
): Promise<SubmitResult> {
  if (!TWILIO_CAPABILITIES.messageTypes.includes(message.messageType)) return cannotCarry(message.messageType);
  const trace: CallTrace = {};
  try {
    const client = sdk.openCall(limits, trace);
    return readCreated(await client.messages.create(toParams(config, message)));
  } catch (error) {
    if (trace.ended === undefined) throw new Error("The Twilio SDK made no request", { cause: nameOf(error) });
    return readFailure(trace.ended, error);
  }
}

function toParams(config: TwilioConfig, message: SubmitMessage): MessageParams {
  const sender = message.from ?? config.sender;
  return {
    to: message.to,
    ...(sender === undefined ? {} : isMessagingService(sender) ? { messagingServiceSid: sender } : { from: sender }),
    body: message.text,
    validityPeriod: boundValidity(message.validitySeconds),
    statusCallback: message.callbackUrl,
  };
}

function boundValidity(seconds: number): number {
  const { min, max } = TWILIO_CAPABILITIES.validitySeconds ?? { min: seconds, max: seconds };
  return Math.min(max, Math.max(min, Math.floor(seconds)));
}

function readCreated(created: MessageInstance): SubmitResult {
  const [sid, status]: unknown[] = [created.sid, created.status];
  if (!isMessageSid(sid)) return unreadable();
  if (typeof status === "string" && FAILED_AT_ONCE.includes(status)) {
    return readFailedMessage(status, readErrorCode(created.errorCode));
  }
  return { outcome: "accepted", providerMessageId: sid, ...readSegments(created.numSegments) };
}

function readFailure(ended: ExchangeResult, error: unknown): SubmitResult {
  if (ended.kind !== "answered") return readNoAnswer(ended);
  if (ended.status >= 200 && ended.status < 300) return unreadable();
  const code = error instanceof Error && "code" in error ? readErrorCode(error.code) : undefined;
  return readRefusal({ httpStatus: ended.status, code, retryAfter: ended.headers["retry-after"] }, Date.now());
}

function readNoAnswer({ kind, code }: Exclude<ExchangeResult, { kind: "answered" }>): SubmitResult {
  return kind === "unsent"
    ? {
        outcome: "try_later",
        cause: "unavailable",
        error: { code, reason: `Not sent: no connection to Twilio (${code})` },
      }
    : { outcome: "unknown", error: { code, reason: `Sent, but no whole answer came from Twilio (${code})` } };
}

function unreadable(): SubmitResult {
  const reason = "Twilio answered with success, but without a readable message";
  return { outcome: "unknown", error: { code: "UNREADABLE_ANSWER", reason } };
}

function cannotCarry(messageType: string): SubmitResult {
  const error = { code: "UNSUPPORTED_MESSAGE_TYPE", reason: `Twilio cannot carry messages of type ${messageType}` };
  return { outcome: "rejected", scope: "provider", error };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
