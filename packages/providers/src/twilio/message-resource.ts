import type { Twilio } from "twilio";
import type { FoundMessage } from "../provider.ts";
import { describeTwilioError } from "./errors.ts";
import { readStatus } from "./statuses.ts";

/** A message as the SDK hands it on. Its types promise more than it checks: the values are whatever the answer held. */
export type MessageInstance = Awaited<ReturnType<Twilio["messages"]["create"]>>;

const MESSAGE_SID = /^(SM|MM)[0-9a-fA-F]{32}$/;

export function isMessageSid(id: unknown): id is string {
  return typeof id === "string" && MESSAGE_SID.test(id);
}

/** Twilio's codes have five digits; anything else in that place is none. */
export function readErrorCode(code: unknown): number | undefined {
  return typeof code === "number" && Number.isInteger(code) && code >= 10_000 && code <= 99_999 ? code : undefined;
}

/** `num_segments`; "0" while a Messaging Service has not chosen the sender yet. */
export function readSegments(segments: unknown): { segments?: number } {
  return typeof segments === "string" && /^[1-9]\d{0,2}$/.test(segments) ? { segments: Number(segments) } : {};
}

/** What is known of a message; undefined where the answer holds none. */
export function readFoundMessage(instance: MessageInstance): FoundMessage | undefined {
  const [sid, word]: unknown[] = [instance.sid, instance.status];
  if (!isMessageSid(sid) || typeof word !== "string") return undefined;
  const code = readErrorCode(instance.errorCode);
  return {
    providerMessageId: sid,
    status: readStatus(word, code),
    providerStatus: word,
    error: code === undefined ? null : describeTwilioError(code),
    ...readSegments(instance.numSegments),
    ...readPrice(instance.price, instance.priceUnit),
  };
}

/** What Twilio takes it counts below zero; null until it has counted. */
function readPrice(price: unknown, unit: unknown): { price?: { amount: string; currency: string } } {
  const amount = typeof price === "string" ? /^-?(\d+(\.\d+)?)$/.exec(price)?.[1] : undefined;
  if (amount === undefined || typeof unit !== "string" || !/^[A-Za-z]{3}$/.test(unit)) return {};
  return { price: { amount, currency: unit.toUpperCase() } };
}
