import { ADVISORY_LOCKS } from "../advisory-locks.ts";
import type { Database } from "../connections.ts";
import { COUNT_ACCOUNTING_DAY } from "../sql/count-accounting-day.ts";
import { COUNT_WRITTEN_OFF } from "../sql/count-written-off.ts";
import { FIND_UNCOUNTED_DAY } from "../sql/find-uncounted-day.ts";
import { READ_ACCOUNTING_DAY } from "../sql/read-accounting-day.ts";
import { SUM_ACCOUNTING_DIFFERENCES } from "../sql/sum-accounting-differences.ts";
import { TRY_ADVISORY_LOCK } from "../sql/try-advisory-lock.ts";
import { inTransaction, runStatement, type Transaction } from "../transaction.ts";
import { firstIdAt } from "../uuid.ts";
import { listMissingBatches, type MissingBatch } from "./missing-batches.ts";

/** What was announced for one UTC day, and what became of it. */
export interface AccountingDay {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** Messages in the groups that have arrived, by their stamps. Each of them is in one of the next four. */
  readonly announced: number;
  /** Messages, with the rejected ones. */
  readonly recorded: number;
  /** Were there before the group was taken: it, or its request, came twice. */
  readonly repeated: number;
  readonly aliases: number;
  /** Could not be read. */
  readonly deadLetters: number;
  /**
   * Messages of that day in the database; `null` when the partition of that month was dropped. More than `recorded` when some
   * came in groups without a stamp or after they were called void, or came twice.
   */
  readonly rows: number | null;
  /** `announced` less the four: 0, or a fault. */
  readonly difference: number;
}

/** A day with what would unbalance it. */
export interface Accounting extends AccountingDay {
  /** Groups that are missing now, and were on that day. */
  readonly missingBatches: readonly MissingBatch[];
  /** Groups that were missed on that day and that an operator has written off. */
  readonly writtenOff: number;
  readonly balanced: boolean;
}

const DAY_MS = 24 * 3600 * 1000;

/**
 * The accounting of one UTC day. Counts that day's messages: about a second per five million.
 * @param day `YYYY-MM-DD`, of this era.
 * @param lostAfterMs how long a group may be missing, in milliseconds.
 */
export async function readAccounting(
  db: Database,
  day: string,
  { lostAfterMs }: { readonly lostAfterMs: number },
): Promise<Accounting> {
  const { accounting } = await readDay(db, day);
  const [start, end] = [new Date(day), new Date(Date.parse(day) + DAY_MS)];
  const missingBatches = await listMissingBatches(db, lostAfterMs, end);
  const [writtenOff] = await runStatement<{ groups: string }>(db, COUNT_WRITTEN_OFF, [start, end]);
  const balanced = unaccounted(accounting) === 0 && missingBatches.length === 0;
  return { ...accounting, missingBatches, writtenOff: Number(writtenOff?.groups ?? 0), balanced };
}

/** A day that was counted, and how many of its messages were unaccounted for at the count before. */
export interface CountedDay extends AccountingDay {
  readonly unaccounted: number;
  readonly unaccountedBefore: number;
}

/**
 * Counts a day's messages and keeps how many of those announced are unaccounted for. `undefined` when nothing of that day
 * was announced, another worker is counting, or one has within the last `everyMs` milliseconds.
 */
export async function countAccountingDay(db: Database, day: string, everyMs: number): Promise<CountedDay | undefined> {
  return await inTransaction(db, async (tx) => {
    const [lock] = await runStatement<{ is_mine: boolean }>(tx, TRY_ADVISORY_LOCK, [ADVISORY_LOCKS.ACCOUNTING]);
    if (lock?.is_mine !== true) return undefined;
    // In a statement of its own, which sees what the lock's last holder has committed.
    const due = await runStatement(tx, FIND_UNCOUNTED_DAY, [day, everyMs]);
    if (due.length === 0) return undefined;
    const { accounting, unaccountedBefore } = await readDay(tx, day);
    // Last: batches of all workers wait for this row.
    await runStatement(tx, COUNT_ACCOUNTING_DAY, [day, unaccounted(accounting)]);
    return { ...accounting, unaccounted: unaccounted(accounting), unaccountedBefore };
  });
}

/** How many messages of these days were unaccounted for when each was counted last, by whichever worker. */
export async function sumUnaccounted(db: Database, days: readonly string[]): Promise<number> {
  const [row] = await runStatement<{ difference: string }>(db, SUM_ACCOUNTING_DIFFERENCES, [days]);
  return Number(row?.difference ?? 0);
}

/** Announced messages of which nothing is known, and recorded ones that are gone although their partition is there. */
function unaccounted({ difference, recorded, rows }: AccountingDay): number {
  return Math.abs(difference) + (rows === null ? 0 : Math.max(0, recorded - rows));
}

/** Bigints, as the driver gives them. */
type DayRow = Record<"announced" | "recorded" | "repeated" | "aliases" | "dead" | "difference" | "rows", string> & {
  has_partition: boolean;
};

async function readDay(
  on: Database | Transaction,
  day: string,
): Promise<{ readonly accounting: AccountingDay; readonly unaccountedBefore: number }> {
  const startMs = Date.parse(day);
  const values = [day, firstIdAt(startMs), firstIdAt(startMs + DAY_MS)];
  const [row] = await runStatement<DayRow>(on, READ_ACCOUNTING_DAY, values);
  if (row === undefined) throw new Error("the accounting of a day has no answer");
  const [announced, recorded, repeated] = [Number(row.announced), Number(row.recorded), Number(row.repeated)];
  const [aliases, deadLetters] = [Number(row.aliases), Number(row.dead)];
  // Rows of a month without a partition of its own are in the default one; without either, they were dropped.
  const rows = recorded > 0 && row.rows === "0" && !row.has_partition ? null : Number(row.rows);
  const accounting = {
    day,
    announced,
    recorded,
    repeated,
    aliases,
    deadLetters,
    rows,
    difference: announced - recorded - repeated - aliases - deadLetters,
  };
  return { accounting, unaccountedBefore: Number(row.difference) };
}
