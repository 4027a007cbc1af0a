import type { Database } from "../connections.ts";
import { FIND_STRANDED } from "../sql/find-stranded.ts";
import { inTransaction, runStatement } from "../transaction.ts";
import { NIL_UUID } from "../uuid.ts";

/**
 * Due messages that nobody claims because their planned provider is disabled or paused, or because none was found when
 * they were planned: for the worker to plan anew with `changeMessages`. In order of ids, after `afterId`.
 */
export async function findStranded(db: Database, limit: number, afterId: string | null = null): Promise<string[]> {
  const rows = await inTransaction(db, (tx) =>
    runStatement<{ id: string }>(tx, FIND_STRANDED, [limit, afterId ?? NIL_UUID]),
  );
  return rows.map(({ id }) => id);
}
