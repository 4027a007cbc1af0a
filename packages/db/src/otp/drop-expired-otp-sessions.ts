import type { Database } from "../connections.ts";
import { DROP_DISCARDED_OTP_TOKENS } from "../sql/drop-discarded-otp-tokens.ts";
import { DROP_GONE_OTP_SESSIONS } from "../sql/drop-gone-otp-sessions.ts";
import { runStatement } from "../transaction.ts";

/**
 * Removes what `createDbOtpSessions` keeps no longer: sessions that are gone and discarded tokens whose time is over, at
 * most `limit` rows; answers how many. Nothing depends on when it runs, and any number may run at once. It waits for
 * nobody's locks.
 */
export async function dropExpiredOtpSessions(db: Database, limit: number): Promise<number> {
  const sessions = await runStatement(db, DROP_GONE_OTP_SESSIONS, [limit]);
  if (sessions.length >= limit) return sessions.length;
  const tokens = await runStatement(db, DROP_DISCARDED_OTP_TOKENS, [limit - sessions.length]);
  return sessions.length + tokens.length;
}
