import type { AccountingView } from "@sms-gateway/contracts";
import { type Database, type MissingBatch, readAccounting } from "@sms-gateway/db";
import { explainOutage } from "../directory/explain-outage.ts";
import { refuseQuery } from "../messages/read-list-query.ts";

/** What showing the accounting needs. */
export interface ShowAccountingDeps {
  readonly db: Database;
  /** How long a group may be missing before it is shown as such, in ms. */
  readonly lostAfterMs: number;
}

/**
 * The accounting of one UTC day (`YYYY-MM-DD`), today's when none is named (architecture.md 5.3). A day of which nothing is
 * known has zeros and is balanced.
 *
 * @throws ApiError INVALID_PAYLOAD for what is no date; SERVICE_UNAVAILABLE.
 */
export async function showAccounting(
  { db, lostAfterMs }: ShowAccountingDeps,
  date = new Date().toISOString().slice(0, 10),
): Promise<AccountingView> {
  if (!isDate(date)) throw refuseQuery([{ path: "query:date", message: "must be a day, as YYYY-MM-DD" }]);
  try {
    const { day, deadLetters, missingBatches, writtenOff, ...counts } = await readAccounting(db, date, { lostAfterMs });
    return {
      date: day,
      ...counts,
      dead_letters: deadLetters,
      missing_batches: missingBatches.map(formatMissing),
      written_off: writtenOff,
    };
  } catch (error) {
    throw explainOutage(error);
  }
}

function isDate(date: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) return false;
  const time = Date.parse(date);
  // 31 February is read as a day of March.
  return !Number.isNaN(time) && time >= 0 && new Date(time).toISOString().startsWith(date);
}

function formatMissing({ bootId, lane, first, last, since }: MissingBatch): AccountingView["missing_batches"][number] {
  return { boot_id: bootId, lane, first, last, since: since.toISOString() };
}
