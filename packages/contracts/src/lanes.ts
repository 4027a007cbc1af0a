import type { SmsType } from "./http/send-request.ts";

/** The three queues between gateway and worker, so that a campaign never delays a code. In order of urgency. */
export const LANES = ["high", "normal", "bulk"] as const;
export type Lane = (typeof LANES)[number];

/**
 * The lane of a message (architecture.md 5.2): otp and alert always `high`, promotional and marketing always `bulk`,
 * else by priority: 1–2 high, 3–4 normal, 5 bulk.
 */
export function laneOf(smsType: SmsType, priority: number): Lane {
  if (smsType === "otp" || smsType === "alert") return "high";
  if (smsType === "promotional" || smsType === "marketing") return "bulk";
  if (priority <= 2) return "high";
  return priority <= 4 ? "normal" : "bulk";
}

/** Priority when the request names none: 1 for otp and alert, 5 for promotional and marketing, else 3 (api.md section 2). */
export function defaultPriority(smsType: SmsType): number {
  if (smsType === "otp" || smsType === "alert") return 1;
  return smsType === "promotional" || smsType === "marketing" ? 5 : 3;
}
