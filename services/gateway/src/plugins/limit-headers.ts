import type { LimitName, LimitState } from "@sms-gateway/contracts";
import type { FastifyReply } from "fastify";

const WINDOW_S: Readonly<Record<LimitName, number>> = {
  per_second: 1,
  per_minute: 60,
  per_hour: 3600,
  daily_quota: 86_400,
};

/**
 * Writes `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): q = what the limit allows in w
 * seconds, r = what is left, t = seconds until it is full again. A replay cost nothing and carries none; neither does a
 * client without limits.
 */
export function setLimitHeaders(reply: FastifyReply, limits: readonly LimitState[]): void {
  if (limits.length === 0) return;
  let policy = "";
  let state = "";
  for (const { name, limit, remaining, resetS } of limits) {
    const comma = policy === "" ? "" : ", ";
    policy += `${comma}"${name}";q=${limit};w=${WINDOW_S[name]}`;
    state += `${comma}"${name}";r=${Math.max(0, remaining)};t=${resetS}`;
  }
  reply.header("ratelimit-policy", policy);
  reply.header("ratelimit", state);
}
