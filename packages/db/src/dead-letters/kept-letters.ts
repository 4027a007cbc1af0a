// String.prototype.toWellFormed is in every Node we support (20 and later), but not in the types of es2023.
/// <reference lib="es2024.string" />

import type { BuriedLetter } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { InvalidCursorError } from "../read/list-messages.ts";
import { COUNT_DEAD_LETTERS } from "../sql/count-dead-letters.ts";
import { FIND_DEAD_LETTER_AGE } from "../sql/find-dead-letter-age.ts";
import { KEEP_DEAD_LETTERS } from "../sql/keep-dead-letters.ts";
import { LIST_DEAD_LETTERS } from "../sql/list-dead-letters.ts";
import { runStatement } from "../transaction.ts";
import { PROBLEM_MAX } from "./problem-max.ts";

/*
 * Dead letters, from the queue's hands into an operator's. kept → taken for a while → removed by whoever has requeued or
 * discarded it, or free again when that failed or its time is over. kept → ordered → taken by a worker, to be requeued or discarded.
 */

/** A dead letter as the list shows it. */
export interface DeadLetterRecord extends BuriedLetter {
  /** Whole, or its beginning when it is longer than what was asked for. */
  readonly body: Buffer;
  /** Length of the whole body. */
  readonly bytes: number;
  readonly keptAt: Date;
}

export interface DeadLetterPage {
  /** Newest first. */
  readonly items: readonly DeadLetterRecord[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

const NAME_MAX = 255;
const INT4_MAX = 2_147_483_647;

/**
 * Keeps letters, each once however often it is handed over; committed when this resolves. Takes whatever the queue may
 * hold: what Postgres could not store as text is replaced, for a letter that is refused would block all behind it.
 * Answers the queues of those that were new.
 */
export async function keepDeadLetters(db: Database, letters: readonly BuriedLetter[]): Promise<string[]> {
  const rows = await runStatement<{ queue: string }>(db, KEEP_DEAD_LETTERS, [
    letters.map(({ id }) => storable(id, NAME_MAX)),
    letters.map(({ queue }) => storable(queue, NAME_MAX)),
    letters.map(({ problem }) => storable(problem, PROBLEM_MAX)),
    letters.map(({ partIndex }) => storableIndex(partIndex)),
    letters.map(({ body }) => body),
    letters.map(({ buriedAt }) => buriedAt),
  ]);
  return rows.map(({ queue }) => queue);
}

/**
 * One page of the letters, newest first.
 * @param bodyBytesMax most bytes of each body that are read.
 * @throws InvalidCursorError
 */
export async function listDeadLetters(
  db: Database,
  filter: {
    readonly queue?: string;
    readonly limit: number;
    readonly cursor?: string;
    readonly bodyBytesMax: number;
  },
): Promise<DeadLetterPage> {
  const { queue = null, limit, cursor, bodyBytesMax } = filter;
  const before = cursor === undefined ? null : readCursor(cursor);
  const rows = await runStatement<LetterRow>(db, LIST_DEAD_LETTERS, [queue, null, before, limit + 1, bodyBytesMax]);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? makeCursor(last.position) : null;
  return { items: shown.map(toRecord), nextCursor };
}

/** The letter of this id, with at most `bodyBytesMax` of its body. */
export async function findDeadLetter(
  db: Database,
  id: string,
  bodyBytesMax: number,
): Promise<DeadLetterRecord | undefined> {
  const [row] = await runStatement<LetterRow>(db, LIST_DEAD_LETTERS, [null, id, null, 1, bodyBytesMax]);
  return row === undefined ? undefined : toRecord(row);
}

/** How many letters are kept of each queue that has any. */
export async function countDeadLetters(db: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await runStatement<{ queue: string; letters: number }>(db, COUNT_DEAD_LETTERS, []);
  return new Map(rows.map(({ queue, letters }) => [queue, letters]));
}

/** For how long the oldest letter is kept, in seconds; 0 where there is none. */
export async function findDeadLetterAge(db: Database): Promise<number> {
  const [row] = await runStatement<{ seconds: number }>(db, FIND_DEAD_LETTER_AGE, []);
  return row?.seconds ?? 0;
}

/** Postgres has no NUL in text, and UTF-8 no half of a surrogate pair. */
function storable(text: string, lengthMax: number): string {
  return text.replaceAll("\0", "\uFFFD").slice(0, lengthMax).toWellFormed();
}

function storableIndex(index: number | null): number | null {
  return index !== null && Number.isInteger(index) && index >= 0 && index <= INT4_MAX ? index : null;
}

function makeCursor(position: string): string {
  return Buffer.from(position).toString("base64url");
}

function readCursor(cursor: string): string {
  const position = Buffer.from(cursor, "base64url").toString();
  if (!/^\d{1,18}$/.test(position) || makeCursor(position) !== cursor) throw new InvalidCursorError();
  return position;
}

interface LetterRow {
  id: string;
  position: string;
  queue: string;
  problem: string;
  part_index: number | null;
  body: Buffer;
  bytes: number;
  buried_at: Date;
  kept_at: Date;
}

function toRecord(row: LetterRow): DeadLetterRecord {
  const { id, queue, problem, body, bytes } = row;
  const times = { buriedAt: row.buried_at, keptAt: row.kept_at };
  return { id, queue, problem, partIndex: row.part_index, body, bytes, ...times };
}
