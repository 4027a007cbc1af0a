import { DEFAULT_OTP_TTL_S, DEFAULT_TTL_S } from "@sms-gateway/contracts";
import type { SendForm } from "./send-form.ts";

/** When the message is due and when its life ends. A past `schedule_at` means now: null. The life counts from `schedule_at`. */
export function resolveTimes(
  form: Pick<SendForm, "scheduleAtMs" | "expireAtMs" | "ttlSeconds" | "smsType">,
  acceptedAtMs: number,
): { scheduleAtMs: number | null; expireAtMs: number } {
  const scheduleAtMs = form.scheduleAtMs !== null && form.scheduleAtMs > acceptedAtMs ? form.scheduleAtMs : null;
  const ttlSeconds = form.ttlSeconds ?? (form.smsType === "otp" ? DEFAULT_OTP_TTL_S : DEFAULT_TTL_S);
  return { scheduleAtMs, expireAtMs: form.expireAtMs ?? (scheduleAtMs ?? acceptedAtMs) + ttlSeconds * 1000 };
}
