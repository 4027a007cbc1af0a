import type { Database } from "../connections.ts";
import { DROP_OLD_ACCEPTED_MARKS } from "../sql/drop-old-accepted-marks.ts";
import { runStatement } from "../transaction.ts";

/**
 * A publisher of which nothing has come in any lane for this long has ended, in ms. One that had not, and wakes up, would
 * be missed from its first group on: a false alarm; so it is far longer than any gateway stays without a message. At 100
 * starts a day it is 27 000 rows.
 */
const ENDED_AFTER_MS = 90 * 24 * 3600 * 1000;

/**
 * Removes the marks of publishers that ended long ago, of at most `limit`; answers how many marks. With them goes what was
 * reported as missing; never what was not.
 */
export async function dropOldAcceptedMarks(db: Database, limit: number): Promise<number> {
  return (await runStatement(db, DROP_OLD_ACCEPTED_MARKS, [ENDED_AFTER_MS, limit])).length;
}
