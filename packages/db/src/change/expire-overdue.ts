import type { Database } from "../connections.ts";
import { FIND_OVERDUE } from "../sql/find-overdue.ts";
import { inTransaction, runStatement } from "../transaction.ts";
import { changeMessages, type StatusChange } from "./change-messages.ts";
import type { AttemptRow, LockedMessage } from "./locked-message.ts";
import type { MessageChange } from "./message-change.ts";
import { proveSent } from "./prove-sent.ts";

/** Why a message ended at its deadline: no provider has taken it, or one was asked and nobody knows the answer. */
const NOT_TAKEN = { code: "EXPIRED", message: "No provider took the message before its deadline." };
const NOT_KNOWN = {
  code: "OUTCOME_UNKNOWN",
  message: "A provider was asked and never said whether it took the message.",
};

/**
 * Ends messages whose deadline is over, at most `limit` of them: `expired` when queued or scheduled; when sending and
 * every open lease is over `sent` if reports prove it, else `unknown`. Call it again at once while it answers `limit`
 * changes.
 */
export async function expireOverdue(db: Database, limit: number): Promise<StatusChange[]> {
  const rows = await inTransaction(db, (tx) => runStatement<{ id: string }>(tx, FIND_OVERDUE, [limit]));
  const ids = rows.map(({ id }) => id);
  return ids.length === 0 ? [] : await changeMessages(db, ids, "deadline", decideAtDeadline);
}

/** A message with an attempt of unknown outcome never ends `expired`, only `unknown` (architecture.md section 4). */
function decideAtDeadline(message: LockedMessage, attempts: readonly AttemptRow[]): MessageChange | null {
  if (message.expireAt > message.now) return null;
  if (attempts.some((attempt) => attempt.outcome === null && attempt.leaseUntil > message.now)) return null;
  const open = attempts.filter((attempt) => attempt.outcome === null);
  const settled = attempts.map((attempt) => ({ ...attempt, outcome: attempt.outcome ?? ("unknown" as const) }));
  if (message.status === "queued" || message.status === "scheduled") {
    return settled.some((attempt) => attempt.outcome === "unknown") ? null : { status: "expired", error: NOT_TAKEN };
  }
  if (message.status !== "sending") return null;
  const attemptChanges = open.map(({ number }) => ({ number, outcome: "unknown" as const }));
  const sent = proveSent(settled, { closed: true });
  if (sent !== null) return { ...sent, attempts: attemptChanges };
  return { status: "unknown", error: NOT_KNOWN, attempts: attemptChanges };
}
