import type { Database } from "../connections.ts";
import { COUNT_SELECTED_DEAD_LETTERS } from "../sql/count-selected-dead-letters.ts";
import { FIND_LAST_DEAD_LETTER } from "../sql/find-last-dead-letter.ts";
import { FREE_DEAD_LETTERS } from "../sql/free-dead-letters.ts";
import { REMOVE_DEAD_LETTERS } from "../sql/remove-dead-letters.ts";
import { TAKE_DEAD_LETTERS } from "../sql/take-dead-letters.ts";
import { runStatement } from "../transaction.ts";

/** What can be done with a dead letter. */
export type DeadLetterAction = "requeue" | "discard";

/** Which dead letters: these, all (of one queue), those for which this was ordered, or those kept for so long. */
export type DeadLetterSelection =
  | { readonly ids: readonly string[] }
  | { readonly all: true; readonly queue?: string }
  | { readonly ordered: DeadLetterAction }
  | { readonly keptForMs: number };

/** Part of the letters, in the order in which they were kept; positions are decimal numbers. */
export interface DeadLetterSpan {
  /** All come after this position: that of the last letter of the call before, "0" at first. */
  readonly afterPosition: string;
  /** None comes after this one. */
  readonly upToPosition: string;
}

/** A letter that is the caller's until it is removed, freed, or its time is over. */
export interface TakenLetter {
  readonly id: string;
  /** The order in which letters were kept, as a decimal number. */
  readonly position: string;
  readonly queue: string;
  readonly problem: string;
  readonly body: Buffer;
}

/** Above the longest publish, which lasts 5 s, and what is written after it. */
const TAKEN_FOR_MS = 30_000;

/**
 * The position of the letter that was kept last; `undefined` where there is none. What is requeued and is still bad comes
 * back behind it, so whoever goes no further ends, and does each letter once.
 */
export async function findLastPosition(db: Database, selection: DeadLetterSelection): Promise<string | undefined> {
  const [row] = await runStatement<{ position: string }>(db, FIND_LAST_DEAD_LETTER, valuesOf(selection));
  return row?.position;
}

/**
 * Takes letters, oldest first, which nobody else has taken. They are the caller's for 30 s: requeue or discard them, then
 * `removeDeadLetters`, or `freeDeadLetters` where that failed.
 */
export async function takeDeadLetters(
  db: Database,
  selection: DeadLetterSelection,
  { afterPosition, upToPosition, limit }: DeadLetterSpan & { readonly limit: number },
): Promise<TakenLetter[]> {
  const values = [...valuesOf(selection), afterPosition, upToPosition, limit, TAKEN_FOR_MS];
  const rows = await runStatement<TakenLetter>(db, TAKE_DEAD_LETTERS, values);
  return rows.toSorted((a, b) => Number(BigInt(a.position) - BigInt(b.position)));
}

/** Removes letters that have been requeued, or discarded. */
export async function removeDeadLetters(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await runStatement(db, REMOVE_DEAD_LETTERS, [ids]);
}

/** Gives back letters that could not be requeued; what was ordered for them is over. */
export async function freeDeadLetters(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await runStatement(db, FREE_DEAD_LETTERS, [ids]);
}

/** How many of these letters are kept, up to this position. */
export async function countSelectedLetters(
  db: Database,
  selection: DeadLetterSelection,
  upToPosition: string,
): Promise<number> {
  const values = [...valuesOf(selection), upToPosition];
  const [row] = await runStatement<{ letters: number }>(db, COUNT_SELECTED_DEAD_LETTERS, values);
  return row?.letters ?? 0;
}

/** The parameters of every statement with a selection: ids, queue, order, age. */
function valuesOf(
  selection: DeadLetterSelection,
): [ids: readonly string[] | null, queue: string | null, order: string | null, keptForMs: number | null] {
  if ("ids" in selection) return [selection.ids, null, null, null];
  if ("ordered" in selection) return [null, null, selection.ordered, null];
  if ("keptForMs" in selection) return [null, null, null, selection.keptForMs];
  return [null, selection.queue ?? null, null, null];
}
