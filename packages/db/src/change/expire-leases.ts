import { deriveMessageState, isFinalState } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { FIND_EXPIRED_LEASES } from "../sql/find-expired-leases.ts";
import { inTransaction, runStatement } from "../transaction.ts";
import { changeMessages, type StatusChange } from "./change-messages.ts";
import { describeEnd } from "./describe-end.ts";
import type { AttemptRow, LockedMessage } from "./locked-message.ts";
import type { MessageChange } from "./message-change.ts";
import { proveSent } from "./prove-sent.ts";

/** An attempt that nobody has closed in time: its worker died, or its answer is still on the way. */
export interface ExpiredLease {
  readonly messageId: string;
  readonly attemptNumber: number;
  readonly provider: string;
  readonly account: "live" | "lab";
}

/** What the end of leases has changed. */
export interface ExpiredLeases {
  readonly leases: readonly ExpiredLease[];
  /** Of messages whose reports had come before: `sent`, or how it ended. */
  readonly changes: readonly StatusChange[];
}

/**
 * Gives open attempts whose lease is over the outcome `unknown`, at most `limit` of them, to be looked at at once. Their
 * messages stay `sending`, for the provider may have sent them, so they are not due again by themselves (architecture.md
 * 5.4); those of which a report has told meanwhile are `sent`.
 */
export async function expireLeases(db: Database, limit: number): Promise<ExpiredLeases> {
  const rows = await inTransaction(db, (tx) => runStatement<{ message_id: string }>(tx, FIND_EXPIRED_LEASES, [limit]));
  const expired = new Map<string, readonly AttemptRow[]>();
  const decide = (message: LockedMessage, attempts: readonly AttemptRow[]): MessageChange => {
    const over = attempts.filter((attempt) => attempt.outcome === null && attempt.leaseUntil <= message.now);
    // Set, not added to: a decision may be asked for twice.
    expired.set(message.id, over);
    const attemptChanges = over.map(({ number }) => ({ number, outcome: "unknown" as const }));
    const after = attempts.map((attempt) =>
      over.includes(attempt) ? { ...attempt, outcome: "unknown" as const } : attempt,
    );
    return { ...(message.status === "sending" ? decideStatus(after) : null), attempts: attemptChanges };
  };
  const ids = rows.map((row) => row.message_id);
  const changes = ids.length > 0 ? await changeMessages(db, ids, "submit", decide) : [];
  const leases = [...expired.values()].flat().map(({ messageId, number, provider, account }) => {
    return { messageId, attemptNumber: number, provider, account };
  });
  return { leases, changes };
}

/** It stays sending, unless reports tell: that a provider has it, or that all that had it gave up. */
function decideStatus(after: readonly AttemptRow[]): MessageChange | null {
  const status = deriveMessageState(after, { retryPlanned: false, closed: false });
  if (isFinalState(status)) return { status, ...describeEnd(status, after) };
  return proveSent(after, { closed: false });
}
