import type { Database } from "../connections.ts";
import { FIND_FORGOTTEN } from "../sql/find-forgotten.ts";
import { inTransaction, runStatement } from "../transaction.ts";

/** Messages that should have ended, or been looked at, and have not: never any, unless something is wrong with us. */
export interface Forgotten {
  /** 10 000 stands for that or more. */
  readonly count: number;
  /** Of those whose deadline was first, up to five. */
  readonly ids: readonly string[];
}

const COUNTED_MAX = 10_000;
const IDS_MAX = 5;

/**
 * Counts messages that are queued, scheduled or sending although their deadline was over `graceMs` ago (database's clock),
 * and those with an attempt that should have been looked at so long ago: a `sent` message past its last look among them.
 */
export async function countForgotten(db: Database, graceMs: number): Promise<Forgotten> {
  const rows = await inTransaction(db, (tx) =>
    runStatement<{ id: string }>(tx, FIND_FORGOTTEN, [graceMs, COUNTED_MAX]),
  );
  return { count: rows.length, ids: rows.slice(0, IDS_MAX).map(({ id }) => id) };
}
