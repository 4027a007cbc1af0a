import { deriveMessageState, mayBeDouble } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { FIND_OVERDUE } from "../sql/find-overdue.ts";
import { inTransaction, runStatement } from "../transaction.ts";
import { changeMessages, type StatusChange } from "./change-messages.ts";
import { describeEnd } from "./describe-end.ts";
import type { AttemptRow, LockedMessage } from "./locked-message.ts";
import type { MessageChange } from "./message-change.ts";
import { proveSent } from "./prove-sent.ts";

/** Why a message expired at its deadline. */
const NOT_TAKEN = { code: "EXPIRED", message: "No provider took the message before its deadline." };

/**
 * Ends messages whose deadline is over, at most `limit` of them: `expired` when queued or scheduled and no provider can
 * have taken them; once every open lease is over what its attempts say: `sent` if reports prove it, `unknown` while one is
 * in doubt, or as a carrier has reported it.
 * Call it again at once while it answers `limit` changes.
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
  const settled = attempts.map((attempt) => ({ ...attempt, outcome: attempt.outcome ?? ("unknown" as const) }));
  const end = decideEnd(message, settled);
  if (end === null) return null;
  // What has ended is not looked at any longer; what is sent still is, for its report.
  const check = end.status === "sent" ? {} : { checkInMs: null };
  const inDoubt = settled.filter((attempt) => attempt.outcome === "unknown");
  const attemptChanges = inDoubt.map(({ number }) => ({ number, outcome: "unknown" as const, ...check }));
  return { ...end, attempts: attemptChanges, possibleDouble: mayBeDouble(settled, { retryPlanned: false }) };
}

function decideEnd({ status }: LockedMessage, settled: readonly AttemptRow[]): MessageChange | null {
  if (status !== "sending" && status !== "queued" && status !== "scheduled") return null;
  const end = deriveMessageState(settled, { retryPlanned: false, closed: true });
  if (end === "sent") return proveSent(settled, { closed: true });
  // A report about an earlier attempt may have come while the next one waited.
  const isKnown = end === "unknown" || settled.some(({ reportStatus }) => reportStatus === end);
  return isKnown ? { status: end, ...describeEnd(end, settled) } : { status: "expired", error: NOT_TAKEN };
}
