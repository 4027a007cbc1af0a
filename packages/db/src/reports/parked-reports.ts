import type { Database } from "../connections.ts";
import { DROP_OLD_PARKED_REPORTS } from "../sql/drop-old-parked-reports.ts";
import { PARK_REPORT } from "../sql/park-report.ts";
import { REMOVE_PARKED_REPORTS } from "../sql/remove-parked-reports.ts";
import { TAKE_PARKED_REPORTS } from "../sql/take-parked-reports.ts";
import { inTransaction, runStatement } from "../transaction.ts";

/*
 * Delivery reports that came before their attempt was known (architecture.md 5.7). parked → taken for a while → removed
 * by whoever has applied it; taken and not removed in time → parked again, so a worker that dies in between loses none
 * (applying twice is harmless). parked for too long → dropped.
 */

/** A report to park. */
export interface NewParkedReport {
  readonly provider: string;
  /** The account whose secret verified it: it can only belong to an attempt of that account. */
  readonly account: "live" | "lab";
  readonly providerMessageId: string;
  /** What the caller needs to apply it later; kept as it is. */
  readonly report: Readonly<Record<string, unknown>>;
  readonly receivedAt: Date;
}

/** A parked report whose attempt is known by now. */
export interface ParkedReport extends NewParkedReport {
  readonly id: string;
  readonly messageId: string;
  readonly attemptNumber: number;
}

/** Above any time that applying a batch takes. */
const TAKEN_FOR_MS = 30_000;

/**
 * Parks one report, the same one only once; committed when this resolves. Look for its attempt again afterwards. Answers
 * its id.
 */
export async function parkReport(db: Database, parked: NewParkedReport): Promise<string> {
  const { provider, account, providerMessageId, report, receivedAt } = parked;
  const values = [provider, account, providerMessageId, JSON.stringify(report), receivedAt];
  const [row] = await runStatement<{ id: string }>(db, PARK_REPORT, values);
  if (row === undefined) throw new TypeError("parking answers the id of what is parked");
  return row.id;
}

/**
 * Takes parked reports that now match an attempt by provider, account and the provider's message id, oldest first. They
 * are the caller's for 30 s: apply them, then `removeParkedReports`.
 */
export async function takeParkedReports(db: Database, limit: number): Promise<ParkedReport[]> {
  const rows = await inTransaction(db, (tx) => runStatement<ParkedRow>(tx, TAKE_PARKED_REPORTS, [limit, TAKEN_FOR_MS]));
  return rows
    .map((row) => ({
      id: row.id,
      provider: row.provider,
      account: row.account,
      providerMessageId: row.provider_message_id,
      report: row.report,
      receivedAt: row.received_at,
      messageId: row.message_id,
      attemptNumber: row.number,
    }))
    .sort((a, b) => Number(BigInt(a.id) - BigInt(b.id)));
}

/** Removes reports that have been applied. */
export async function removeParkedReports(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await runStatement(db, REMOVE_PARKED_REPORTS, [ids]);
}

/** Drops reports parked longer ago than `ageMs`, at most `limit`; answers how many. Nobody knows what they belong to. */
export async function dropOldParkedReports(db: Database, ageMs: number, limit = 1_000): Promise<number> {
  return (await runStatement(db, DROP_OLD_PARKED_REPORTS, [ageMs, limit])).length;
}

interface ParkedRow {
  id: string;
  provider: string;
  account: "live" | "lab";
  provider_message_id: string;
  report: Record<string, unknown>;
  received_at: Date;
  message_id: string;
  number: number;
}
