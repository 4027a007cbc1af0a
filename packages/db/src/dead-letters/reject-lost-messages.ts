import { idTimeMs, type Lane } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { findRecordedIds } from "../record/find-recorded-ids.ts";
import { recordRequests } from "../record/record-requests.ts";
import { makeStandIn, type RecordRow } from "../record/record-row.ts";
import { sortById } from "../record/request-rows.ts";
import { inTransaction, type Transaction } from "../transaction.ts";

/** An accepted message of which nothing but this can be read, and that is given up. */
export interface LostMessage {
  readonly id: string;
  readonly clientId: string;
  /** What cannot be read of these two is empty. */
  readonly seed: string;
  readonly batchId: string;
  readonly lane: Lane;
  readonly simulated: boolean;
}

/** As in `recordAccepted`: larger transactions gain little. */
const ROWS_MAX = 1_000;

/**
 * Records messages of a discarded dead letter as `rejected`, `DEAD_LETTER_DISCARDED`, without a number or a text: an
 * accepted id is never dropped. Those that are recorded, as a message or as an alias, stay as they are.
 * @param lost each id once; ids and clients are UUIDs.
 * @returns the ids that were not known.
 * @throws DatabaseUnavailableError; what was recorded before stays, and doing it again is safe.
 */
export async function rejectLostMessages(db: Database, lost: readonly LostMessage[]): Promise<string[]> {
  const rejected: string[] = [];
  for (let from = 0; from < lost.length; from += ROWS_MAX) {
    const rows = sortById(lost.slice(from, from + ROWS_MAX).map(toRow));
    rejected.push(...(await inTransaction(db, (tx) => rejectUnknown(tx, rows))));
  }
  return rejected;
}

async function rejectUnknown(tx: Transaction, rows: readonly RecordRow[]): Promise<string[]> {
  const known = await findRecordedIds(
    tx,
    rows.map(({ id }) => id),
  );
  const unknown = rows.filter(({ id }) => !known.has(id));
  const [first] = unknown;
  if (first === undefined) return [];
  const { clientId, seed } = first;
  const recorded = await recordRequests(tx, [{ clientId, seed, rows: unknown, key: null }]);
  return recorded.filter(({ outcome }) => outcome === "recorded").map(({ id }) => id);
}

function toRow({ id, clientId, seed, batchId, lane, simulated }: LostMessage): RecordRow {
  const acceptedAt = new Date(idTimeMs(id) ?? 0);
  const standIn = makeStandIn({
    ...{ id, clientId, keyId: null, batchId, seed, toNumber: "", recipientName: null, fromNumber: null, text: null },
    ...{ messageType: "text", udh: null, smsType: "transactional", encoding: "gsm7", segments: 1, lane, priority: 3 },
    ...{ status: "rejected", providers: [], plannedProvider: null, trace: null, dueAt: acceptedAt, scheduleAt: null },
    ...{ expireAt: acceptedAt, errorCode: null, errorMessage: null, customId: null, metadata: null },
    ...{ callbackUrl: null, request: null, simulated, acceptedAt },
    ...{ idempotencyKeyHash: null, fingerprint: null, idempotencyExpiresAt: null },
  });
  return {
    ...standIn,
    errorCode: "DEAD_LETTER_DISCARDED",
    errorMessage: "What was accepted could not be read, and was given up.",
  };
}
