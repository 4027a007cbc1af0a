import { appendEvents, type NewEvent } from "../append-events.ts";
import type { Database } from "../connections.ts";
import { isRefusedRow } from "../database-errors.ts";
import { FIND_SEEDS } from "../sql/find-seeds.ts";
import { RECORD_IDEMPOTENCY_KEYS } from "../sql/record-idempotency-keys.ts";
import { RECORD_MESSAGES } from "../sql/record-messages.ts";
import { inTransaction, runStatement, type Transaction } from "../transaction.ts";
import { makeStandIn, RECORDED_EVENTS, type RecordRow, type RecordStatus, toMessageJson } from "./record-row.ts";

/** What became of one row: `id` and `seed` are those that were given. */
export interface RecordedMessage {
  readonly id: string;
  readonly seed: string;
  /**
   * `recorded`: it is in the database now, by this call. `already_recorded`: it was; a redelivery. `other_seed`: the id
   * belongs to another request's message, which stays as it is: an alarm, for ids are unique by construction.
   */
  readonly outcome: "recorded" | "already_recorded" | "other_seed";
  /**
   * The row as it was recorded or would have been: the stand-in when the database refuses the row itself, and `queued`
   * instead of `scheduled` when its time had come by the database's clock.
   */
  readonly row: RecordRow;
}

/** Rows in one transaction. Larger batches gain little and hold the events' lock for longer. */
const ROWS_MAX = 1_000;

/**
 * Records accepted messages (architecture.md 5.3), each with its events 1 and 2, and the idempotency keys of their
 * requests. Calling it again with the same rows changes nothing. A row that the database refuses (SQLSTATE class 22 or
 * 23) is found by halving and recorded as `rejected`, `NOT_RECORDABLE`; all others go in. More than 1 000 rows are
 * several transactions, and what was recorded before an error stays. Answers one entry per id and seed.
 * @throws DatabaseUnavailableError when the database is away: hand over the same rows again later.
 * @throws TypeError when an id or a client is no UUID.
 */
export async function recordAccepted(db: Database, rows: readonly RecordRow[]): Promise<RecordedMessage[]> {
  const { first, strangers } = sortOut(rows);
  const recorded: RecordedMessage[] = [];
  for (let start = 0; start < first.length; start += ROWS_MAX) {
    recorded.push(...(await recordHalving(db, first.slice(start, start + ROWS_MAX))));
  }
  return [
    ...recorded,
    ...strangers.map((row) => ({ id: row.id, seed: row.seed, outcome: "other_seed", row }) as const),
  ];
}

/** One row per id, in the order in which rows are locked everywhere; and rows whose id another seed has taken before. */
function sortOut(rows: readonly RecordRow[]): { first: RecordRow[]; strangers: RecordRow[] } {
  const byId = new Map<string, RecordRow>();
  const strangers = new Map<string, RecordRow>();
  for (const row of rows) {
    const known = byId.get(row.id);
    if (known === undefined) byId.set(row.id, row);
    else if (known.seed !== row.seed) strangers.set(`${row.id} ${row.seed}`, row);
  }
  const first = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { first, strangers: [...strangers.values()] };
}

/** At most log₂(rows) deep. */
async function recordHalving(db: Database, rows: readonly RecordRow[]): Promise<RecordedMessage[]> {
  try {
    return await inTransaction(db, (tx) => recordBatch(tx, rows));
  } catch (error) {
    if (!isRefusedRow(error)) throw error;
  }
  const [only, ...others] = rows;
  if (only === undefined) return [];
  if (others.length === 0) return await inTransaction(db, (tx) => recordBatch(tx, [makeStandIn(only)]));
  const middle = Math.ceil(rows.length / 2);
  return [...(await recordHalving(db, rows.slice(0, middle))), ...(await recordHalving(db, rows.slice(middle)))];
}

async function recordBatch(tx: Transaction, rows: readonly RecordRow[]): Promise<RecordedMessage[]> {
  const keys = listIdempotencyKeys(rows);
  if (keys.length > 0) await runStatement(tx, RECORD_IDEMPOTENCY_KEYS, [JSON.stringify(keys)]);
  const inserted = await runStatement<InsertedRow>(tx, RECORD_MESSAGES, [JSON.stringify(rows.map(toMessageJson))]);
  const recordedAt = new Map(inserted.map((row) => [row.id, row.updated_at]));
  const statusOf = new Map(inserted.map((row) => [row.id, row.status]));
  const recorded = rows.map((row) => ({ ...row, status: statusOf.get(row.id) ?? row.status }));
  const others = rows.filter((row) => !recordedAt.has(row.id)).map((row) => row.id);
  const seeds = others.length === 0 ? [] : await runStatement<{ id: string; seed: string }>(tx, FIND_SEEDS, [others]);
  const seedOf = new Map(seeds.map(({ id, seed }) => [id, seed]));
  await appendEvents(
    tx,
    recorded.flatMap((row) => listEvents(row, recordedAt.get(row.id))),
  );
  return recorded.map((row) => ({ id: row.id, seed: row.seed, outcome: judge(row, recordedAt, seedOf), row }));
}

interface InsertedRow {
  id: string;
  status: RecordStatus;
  updated_at: Date;
}

function judge(
  row: RecordRow,
  recordedAt: ReadonlyMap<string, Date>,
  seedOf: ReadonlyMap<string, string>,
): RecordedMessage["outcome"] {
  if (recordedAt.has(row.id)) return "recorded";
  return seedOf.get(row.id) === row.seed ? "already_recorded" : "other_seed";
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

/** One row per request, in the order in which they are locked everywhere. */
function listIdempotencyKeys(rows: readonly RecordRow[]): Record<string, unknown>[] {
  const byKey = new Map<string, Record<string, unknown>>();
  for (const row of rows) {
    if (row.idempotencyKeyHash === null || row.fingerprint === null || row.idempotencyExpiresAt === null) continue;
    const key = `${row.clientId} ${row.idempotencyKeyHash}`;
    if (byKey.has(key)) continue;
    byKey.set(key, {
      client_id: row.clientId,
      key_hash: row.idempotencyKeyHash,
      seed: row.seed,
      fingerprint: row.fingerprint,
      expires_at: row.idempotencyExpiresAt,
    });
  }
  return [...byKey.values()];
}
