import type { Database } from "../connections.ts";
import { COUNT_SELECTED_DEAD_LETTERS } from "../sql/count-selected-dead-letters.ts";
import { DISCARD_DEAD_LETTERS } from "../sql/discard-dead-letters.ts";
import { FREE_DEAD_LETTERS } from "../sql/free-dead-letters.ts";
import { REMOVE_DEAD_LETTERS } from "../sql/remove-dead-letters.ts";
import { TAKE_DEAD_LETTERS } from "../sql/take-dead-letters.ts";
import { runStatement } from "../transaction.ts";
import type { DeadLetterAction } from "./order-letters.ts";

/** Which dead letters: these, all (of one queue), or those for which this was ordered. */
export type DeadLetterSelection =
  | { readonly ids: readonly string[] }
  | { readonly all: true; readonly queue?: string }
  | { readonly ordered: DeadLetterAction };

/** A letter that is the caller's until it is removed, freed, or its time is over. */
export interface TakenLetter {
  readonly id: string;
  /** The order in which letters were kept, as a decimal number. */
  readonly position: string;
  readonly queue: string;
  readonly body: Buffer;
}

/** A letter that is gone for good. */
export interface DiscardedLetter {
  readonly id: string;
  readonly queue: string;
  readonly problem: string;
}

/** Above the longest publish, which lasts 5 s, and what is written after it. */
const TAKEN_FOR_MS = 30_000;

/**
 * Takes letters for requeueing, oldest first, which nobody else has taken. They are the caller's for 30 s: publish them,
 * then `removeDeadLetters`, or `freeDeadLetters` where that failed.
 * @param afterPosition `position` of the last one of the call before; "0" at first.
 */
export async function takeDeadLetters(
  db: Database,
  selection: DeadLetterSelection,
  { afterPosition, limit }: { readonly afterPosition: string; readonly limit: number },
): Promise<TakenLetter[]> {
  const values = [...valuesOf(selection), afterPosition, limit, TAKEN_FOR_MS];
  const rows = await runStatement<{ id: string; position: string; queue: string; body: Buffer }>(
    db,
    TAKE_DEAD_LETTERS,
    values,
  );
  return rows.toSorted((a, b) => Number(BigInt(a.position) - BigInt(b.position)));
}

/** Removes letters that have been requeued. */
export async function removeDeadLetters(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await runStatement(db, REMOVE_DEAD_LETTERS, [ids]);
}

/** Gives back letters that could not be requeued; what was ordered for them is over. */
export async function freeDeadLetters(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await runStatement(db, FREE_DEAD_LETTERS, [ids]);
}

/** Deletes letters for good, oldest first, at most `limit`; what is being requeued stays. */
export async function discardDeadLetters(
  db: Database,
  selection: DeadLetterSelection,
  limit: number,
): Promise<DiscardedLetter[]> {
  return await runStatement<DiscardedLetter>(db, DISCARD_DEAD_LETTERS, [...valuesOf(selection), limit]);
}

/** How many of these letters are kept. */
export async function countSelectedLetters(db: Database, selection: DeadLetterSelection): Promise<number> {
  const values = valuesOf(selection);
  const [row] = await runStatement<{ letters: number }>(db, COUNT_SELECTED_DEAD_LETTERS, values);
  return row?.letters ?? 0;
}

/** The parameters of every statement with a selection: ids, queue, order. */
function valuesOf(selection: DeadLetterSelection): [readonly string[] | null, string | null, string | null] {
  if ("ids" in selection) return [selection.ids, null, null];
  if ("ordered" in selection) return [null, null, selection.ordered];
  return [null, selection.queue ?? null, null];
}
