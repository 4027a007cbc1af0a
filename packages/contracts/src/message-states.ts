/**
 * The states of a message (architecture.md section 4).
 *
 *   accepted ──▶ scheduled | queued ──▶ sending ──▶ sent ──▶ delivered | undelivered
 *
 * `accepted`: in the message queue, not yet recorded. `scheduled`: recorded, due later. `queued`: recorded, due now or
 * waiting for a retry. `sending`: an attempt is open, or its outcome is unknown. `sent`: a provider has accepted it.
 * Ends: `delivered`, `undelivered`, `failed`, `expired`, `canceled`, `rejected` (refused by the worker after
 * acceptance), `unknown` (nobody can say whether it went out). Trade: a late report may still correct an end, so
 * "final" means "no longer worked on", and only `delivered` can never change again.
 */
export const MESSAGE_STATES = [
  "accepted",
  "scheduled",
  "queued",
  "sending",
  "sent",
  "delivered",
  "undelivered",
  "failed",
  "expired",
  "canceled",
  "rejected",
  "unknown",
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** What makes a status change: which part of the worker found a reason. */
export type TransitionCause = "record" | "claim" | "submit" | "report" | "deadline" | "cancel";

export interface Transition {
  readonly from: MessageState;
  readonly to: MessageState;
  readonly cause: TransitionCause;
}

/** Every allowed change of a message's status. The one function that folds changes and every SQL file keep to it. */
export const TRANSITIONS: readonly Transition[] = [
  ...changes("record", { accepted: ["scheduled", "queued", "rejected", "expired"] }),
  ...changes("claim", { scheduled: ["sending"], queued: ["sending"] }),
  // `queued` is the wait for the next provider or the next round.
  ...changes("submit", { sending: ["sent", "queued", "failed", "unknown", "expired"], unknown: ["sent", "failed"] }),
  ...changes("report", {
    // A report may outrun the answer to the submit, or come for an earlier attempt while a retry waits.
    queued: ["sent", "delivered", "undelivered", "failed", "expired", "canceled"],
    sending: ["sent", "delivered", "undelivered", "failed", "expired", "canceled", "unknown"],
    sent: ["delivered", "undelivered", "failed", "expired", "canceled", "unknown"],
    unknown: ["sent", "delivered", "undelivered", "failed", "expired", "canceled"],
    undelivered: ["delivered"],
    failed: ["delivered"],
    expired: ["delivered"],
    canceled: ["delivered"],
  }),
  ...changes("deadline", { scheduled: ["expired"], queued: ["expired", "failed"], sending: ["sent", "unknown"] }),
  ...changes("cancel", { scheduled: ["canceled"], queued: ["canceled"] }),
];

const ALLOWED: ReadonlySet<string> = new Set(TRANSITIONS.map((t) => `${t.from}>${t.to}>${t.cause}`));

/** Whether the table holds this change. */
export function isAllowedTransition(from: MessageState, to: MessageState, cause: TransitionCause): boolean {
  return ALLOWED.has(`${from}>${to}>${cause}`);
}

const FINAL: ReadonlySet<MessageState> = new Set<MessageState>([
  "delivered",
  "undelivered",
  "failed",
  "expired",
  "canceled",
  "rejected",
  "unknown",
]);

/** Whether the worker has stopped working on a message in this state (a late report may still correct it). */
export function isFinalState(state: MessageState): boolean {
  return FINAL.has(state);
}

function changes(cause: TransitionCause, pairs: Partial<Record<MessageState, MessageState[]>>): Transition[] {
  return MESSAGE_STATES.flatMap((from) => (pairs[from] ?? []).map((to) => ({ from, to, cause })));
}
