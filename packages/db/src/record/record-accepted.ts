import type { Database } from "../connections.ts";
import { isRefusedRow } from "../database-errors.ts";
import { inTransaction } from "../transaction.ts";
import { type RecordedMessage, recordAlone, recordRequests } from "./record-requests.ts";
import type { RecordRow } from "./record-row.ts";
import { groupByRequest, type RequestRows } from "./request-rows.ts";

/** Rows in one transaction, about: larger ones gain little and hold the events' lock for longer. A request is never divided. */
const ROWS_MAX = 1_000;

/**
 * Records accepted messages (architecture.md 5.3), each with its events 1 and 2, and the idempotency keys of their
 * requests, which are the second guard against doubles: see `guardRequests`. Calling it again with the same rows changes
 * nothing. A row that the database refuses (SQLSTATE class 22 or 23) is found by halving and recorded as `rejected`,
 * `NOT_RECORDABLE`; all others go in. A request is recorded in one transaction, key and all; more than 1 000 rows are
 * several transactions, and what was recorded before an error stays. Answers one entry per id and seed.
 * @param rows of whole requests.
 * @throws DatabaseUnavailableError when the database is away: hand over the same rows again later.
 * @throws TypeError when an id or a client is no UUID.
 */
export async function recordAccepted(db: Database, rows: readonly RecordRow[]): Promise<RecordedMessage[]> {
  const { requests, strangers } = groupByRequest(rows);
  const recorded: RecordedMessage[] = [];
  for (const slice of sliceByRows(requests)) recorded.push(...(await recordHalving(db, slice)));
  return [
    ...recorded,
    ...strangers.map((row) => ({ id: row.id, seed: row.seed, outcome: "other_seed", messageId: row.id, row }) as const),
  ];
}

function sliceByRows(requests: readonly RequestRows[]): RequestRows[][] {
  const slices: RequestRows[][] = [];
  let size = 0;
  for (const request of requests) {
    const slice = slices.at(-1);
    if (slice === undefined || size + request.rows.length > ROWS_MAX) {
      slices.push([request]);
      size = 0;
    } else slice.push(request);
    size += request.rows.length;
  }
  return slices;
}

/** At most log₂(requests) deep. */
async function recordHalving(db: Database, requests: readonly RequestRows[]): Promise<RecordedMessage[]> {
  try {
    return await inTransaction(db, (tx) => recordRequests(tx, requests));
  } catch (error) {
    if (!isRefusedRow(error)) throw error;
  }
  const [only, ...others] = requests;
  if (only === undefined) return [];
  if (others.length === 0) return await inTransaction(db, (tx) => recordAlone(tx, only));
  const middle = Math.ceil(requests.length / 2);
  return [
    ...(await recordHalving(db, requests.slice(0, middle))),
    ...(await recordHalving(db, requests.slice(middle))),
  ];
}
