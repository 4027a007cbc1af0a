import type { Database } from "../connections.ts";
import { FIND_EXPIRED_LEASES } from "../sql/find-expired-leases.ts";
import { inTransaction, runStatement } from "../transaction.ts";
import { changeMessages } from "./change-messages.ts";
import type { AttemptRow, LockedMessage } from "./locked-message.ts";
import type { MessageChange } from "./message-change.ts";

/** An attempt that nobody has closed in time: its worker died, or its answer is still on the way. */
export interface ExpiredLease {
  readonly messageId: string;
  readonly attemptNumber: number;
  readonly provider: string;
  readonly account: "live" | "lab";
}

/**
 * Gives open attempts whose lease is over the outcome `unknown`, at most `limit` of them. Their messages stay `sending`:
 * the provider may have sent them, so they are not due again (architecture.md 5.4).
 */
export async function expireLeases(db: Database, limit: number): Promise<ExpiredLease[]> {
  const rows = await inTransaction(db, (tx) => runStatement<{ message_id: string }>(tx, FIND_EXPIRED_LEASES, [limit]));
  const expired = new Map<string, readonly AttemptRow[]>();
  const decide = (message: LockedMessage, attempts: readonly AttemptRow[]): MessageChange => {
    const over = attempts.filter((attempt) => attempt.outcome === null && attempt.leaseUntil <= message.now);
    // Set, not added to: a decision may be asked for twice.
    expired.set(message.id, over);
    return { attempts: over.map(({ number }) => ({ number, outcome: "unknown" })) };
  };
  const ids = rows.map((row) => row.message_id);
  if (ids.length > 0) await changeMessages(db, ids, "submit", decide);
  return [...expired.values()].flat().map(({ messageId, number, provider, account }) => {
    return { messageId, attemptNumber: number, provider, account };
  });
}
