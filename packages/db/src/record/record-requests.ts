import { appendEvents, type NewEvent } from "../append-events.ts";
import { isRefusedRow } from "../database-errors.ts";
import { RECORD_ALIASES } from "../sql/record-aliases.ts";
import { RECORD_MESSAGES } from "../sql/record-messages.ts";
import { runStatement, type Transaction } from "../transaction.ts";
import { findRecordedIds, type RecordedId } from "./find-recorded-ids.ts";
import { type AliasRow, type GuardedRows, guardRequests } from "./guard-requests.ts";
import { makeStandIn, RECORDED_EVENTS, type RecordRow, type RecordStatus, toMessageJson } from "./record-row.ts";
import { type RequestRows, sortById } from "./request-rows.ts";

/** What became of one row: `id` and `seed` are those that were given. */
export interface RecordedMessage {
  readonly id: string;
  readonly seed: string;
  /**
   * `recorded`: it is in the database now, by this call. `alias`: the same request was accepted before, with other ids, and
   * this id stands for its message now, by this call. `already_recorded`: it was, as either; a redelivery. `other_seed`: the
   * id belongs to another request's message, which stays as it is: an alarm, for ids are unique by construction.
   */
  readonly outcome: "recorded" | "alias" | "already_recorded" | "other_seed";
  /** The message that answers for the id: that of the first request for an alias, else its own. */
  readonly messageId: string;
  /**
   * The row as it was recorded or would have been: the stand-in when the database refuses the row itself, and `queued`
   * instead of `scheduled` when its time had come by the database's clock.
   */
  readonly row: RecordRow;
}

/** Records these requests. Fails as a whole when the database refuses a row, or a key. */
export async function recordRequests(tx: Transaction, requests: readonly RequestRows[]): Promise<RecordedMessage[]> {
  return await recordGuarded(tx, await guardRequests(tx, requests), insertRows);
}

/**
 * Records one request in which the database refuses something: a row as its stand-in, and every row when it is the key,
 * without which nothing would guard them. All of it in this one transaction: what another request with the key finds is
 * either nothing or everything.
 */
export async function recordAlone(tx: Transaction, request: RequestRows): Promise<RecordedMessage[]> {
  const guarded = await tryPart(tx, () => guardRequests(tx, [request]));
  return await recordGuarded(tx, guarded ?? { rows: request.rows.map(makeStandIn), aliases: [] }, insertHalving);
}

interface Inserted {
  /** The rows as they are in the database, or would be. */
  readonly rows: readonly RecordRow[];
  /** Of those that were not there: when they were recorded, by id. */
  readonly recordedAt: ReadonlyMap<string, Date>;
}

type Insert = (tx: Transaction, rows: readonly RecordRow[]) => Promise<Inserted>;

/** Messages before aliases, each in the order of ids; then the events, under their lock (architecture.md 5.8). */
async function recordGuarded(tx: Transaction, guarded: GuardedRows, insert: Insert): Promise<RecordedMessage[]> {
  const { rows, recordedAt } = await insert(tx, sortById(guarded.rows));
  const aliased = await insertAliases(tx, guarded.aliases);
  const others = [...rows, ...guarded.aliases.map(({ row }) => row)].filter(
    ({ id }) => !recordedAt.has(id) && !aliased.has(id),
  );
  const known = await findRecordedIds(
    tx,
    others.map(({ id }) => id),
  );
  await appendEvents(
    tx,
    rows.flatMap((row) => listEvents(row, recordedAt.get(row.id))),
  );
  const describe = (row: RecordRow, outcome: "recorded" | "alias", messageId: string): RecordedMessage => {
    const isNew = outcome === "alias" ? aliased.has(row.id) : recordedAt.has(row.id);
    if (isNew) return { id: row.id, seed: row.seed, outcome, messageId, row };
    return describeKnown(row, known.get(row.id));
  };
  return [
    ...rows.map((row) => describe(row, "recorded", row.id)),
    ...guarded.aliases.map(({ row, messageId }) => describe(row, "alias", messageId)),
  ];
}

function describeKnown(row: RecordRow, known: RecordedId | undefined): RecordedMessage {
  const { id, seed } = row;
  if (known?.seed !== seed) return { id, seed, outcome: "other_seed", messageId: id, row };
  return { id, seed, outcome: "already_recorded", messageId: known.messageId, row };
}

interface InsertedRow {
  id: string;
  status: RecordStatus;
  updated_at: Date;
}

async function insertRows(tx: Transaction, rows: readonly RecordRow[]): Promise<Inserted> {
  if (rows.length === 0) return { rows, recordedAt: new Map() };
  const inserted = await runStatement<InsertedRow>(tx, RECORD_MESSAGES, [JSON.stringify(rows.map(toMessageJson))]);
  const statusOf = new Map(inserted.map(({ id, status }) => [id, status]));
  return {
    rows: rows.map((row) => ({ ...row, status: statusOf.get(row.id) ?? row.status })),
    recordedAt: new Map(inserted.map((row) => [row.id, row.updated_at])),
  };
}

/** At most log₂(rows) deep. Of a row that is refused even alone its stand-in. */
async function insertHalving(tx: Transaction, rows: readonly RecordRow[]): Promise<Inserted> {
  const inserted = await tryPart(tx, () => insertRows(tx, rows));
  if (inserted !== undefined) return inserted;
  const [only, ...others] = rows;
  if (only === undefined || others.length === 0) return await insertRows(tx, rows.map(makeStandIn));
  const middle = Math.ceil(rows.length / 2);
  const lower = await insertHalving(tx, rows.slice(0, middle));
  const upper = await insertHalving(tx, rows.slice(middle));
  return { rows: [...lower.rows, ...upper.rows], recordedAt: new Map([...lower.recordedAt, ...upper.recordedAt]) };
}

const PART_BEGINS = { name: "part-begins", text: "savepoint part" };
const PART_ENDS = { name: "part-ends", text: "release savepoint part" };
const PART_IS_UNDONE = { name: "part-is-undone", text: "rollback to savepoint part" };

/** Does a part of a transaction; `undefined` when the database refuses a row in it, and then it has not happened. */
async function tryPart<T>(tx: Transaction, work: () => Promise<T>): Promise<T | undefined> {
  await runStatement(tx, PART_BEGINS, []);
  let result: T | undefined;
  try {
    result = await work();
  } catch (error) {
    if (!isRefusedRow(error)) throw error;
    await runStatement(tx, PART_IS_UNDONE, []);
  }
  await runStatement(tx, PART_ENDS, []);
  return result;
}

async function insertAliases(tx: Transaction, aliases: readonly AliasRow[]): Promise<ReadonlySet<string>> {
  if (aliases.length === 0) return new Set();
  const rows = aliases.map(({ row, messageId }) => ({
    id: row.id,
    message_id: messageId,
    client_id: row.clientId,
    seed: row.seed,
  }));
  return new Set((await runStatement<{ id: string }>(tx, RECORD_ALIASES, [JSON.stringify(rows)])).map(({ id }) => id));
}

function listEvents(row: RecordRow, recordedAt: Date | undefined): NewEvent[] {
  if (recordedAt === undefined) return [];
  const event = { messageId: row.id, clientId: row.clientId };
  // The gateway's clock may be ahead of the database's; a timeline never runs backwards.
  const acceptedAt = row.acceptedAt < recordedAt ? row.acceptedAt : recordedAt;
  const detail = row.errorCode === null ? {} : { error_code: row.errorCode };
  return [
    { ...event, sequence: 1, status: "accepted", at: acceptedAt },
    { ...event, sequence: RECORDED_EVENTS, status: row.status, at: recordedAt, detail },
  ];
}
