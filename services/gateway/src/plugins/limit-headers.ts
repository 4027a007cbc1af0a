import type { LimitName, LimitState } from "@sms-gateway/contracts";
import type { FastifyReply } from "fastify";
import { LimitedError } from "../messages/accept-messages.ts";

const WINDOW_S: Record<LimitName, number> = { per_second: 1, per_minute: 60, per_hour: 3600, daily_quota: 86_400 };

/**
 * Writes `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): q = what the limit allows in w
 * seconds, r = what is left, t = seconds until it is full again. A replay cost nothing and carries none.
 */
export function setLimitHeaders(reply: FastifyReply, limits: readonly LimitState[]): void {
  if (limits.length === 0) return;
  reply.header("ratelimit-policy", limits.map((l) => `"${l.name}";q=${l.limit};w=${WINDOW_S[l.name]}`).join(", "));
  reply.header("ratelimit", limits.map((l) => `"${l.name}";r=${Math.max(0, l.remaining)};t=${l.resetS}`).join(", "));
}

/** The same for a refusal that carries the state of the limits. */
export function setLimitHeadersOf(reply: FastifyReply, error: unknown): void {
  if (error instanceof LimitedError) setLimitHeaders(reply, error.limits);
}
