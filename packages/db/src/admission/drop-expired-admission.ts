import type { Database } from "../connections.ts";
import { DROP_EXPIRED_FENCES } from "../sql/drop-expired-fences.ts";
import { DROP_EXPIRED_QUOTAS } from "../sql/drop-expired-quotas.ts";
import { DROP_EXPIRED_RESERVATIONS } from "../sql/drop-expired-reservations.ts";
import { runStatement } from "../transaction.ts";

/**
 * Removes what `createDbAdmission` keeps no longer: reservations, quotas and fences whose time is over, at most `limit`
 * rows; answers how many. Nothing depends on when it runs, and any number may run at once. It waits for nobody's locks.
 */
export async function dropExpiredAdmission(db: Database, limit: number): Promise<number> {
  let dropped = 0;
  for (const statement of [DROP_EXPIRED_RESERVATIONS, DROP_EXPIRED_FENCES, DROP_EXPIRED_QUOTAS]) {
    if (dropped >= limit) break;
    dropped += (await runStatement(db, statement, [limit - dropped])).length;
  }
  return dropped;
}
