/**
 * The states of a message (architecture.md section 4).
 *
 *   accepted ──▶ scheduled | queued ──▶ sending ──▶ sent ──▶ delivered | undelivered
 *
 * `accepted`: in the message queue, not yet recorded. `scheduled`: recorded, due later. `queued`: recorded, due now or
 * waiting for its next try. `sending`: an attempt is open, or its outcome is unknown. `sent`: a provider has accepted it.
 * Ends: `delivered`, `undelivered`, `failed`, `expired`, `canceled`, `rejected` (refused by the worker after
 * acceptance), `unknown` (nobody can say whether it went out). A message with an attempt of unknown outcome is `sending`
 * while it is waited for, and `queued` while it waits to be sent once more, since only what is queued is claimed; in
 * either it cannot be canceled, and its deadline makes it `unknown`. Trade: a late report may still correct an end, so
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

/**
 * What makes a status change: which part of the worker found a reason. `resolve`: an attempt of unknown outcome was looked
 * at again (its provider was asked, or its message is to be sent once more).
 */
export type TransitionCause = "record" | "claim" | "submit" | "resolve" | "report" | "deadline" | "cancel";

/**
 * What a message's events tell, as `message.<name>`: each new status, and `report_missing`, when a message that was sent
 * is closed because its report never came.
 */
export type MessageEventName = MessageState | "report_missing";

export interface Transition {
  readonly from: MessageState;
  readonly to: MessageState;
  readonly cause: TransitionCause;
}

/** Every allowed change of a message's status. The one function that folds changes and every SQL file keep to it. */
export const TRANSITIONS: readonly Transition[] = [
  ...changes("record", { accepted: ["scheduled", "queued", "rejected", "expired"] }),
  ...changes("claim", { scheduled: ["sending"], queued: ["sending"] }),
  // `queued` is the wait for the next provider or the next round; a late answer may still find the message there: that it
  // was taken, or refused for its number, and then it is not tried again. From `sending` every end that reports about
  // other attempts may have left open.
  ...changes("submit", {
    queued: ["sent", "sending", "undelivered", "failed", "expired", "canceled", "unknown"],
    sending: ["sent", "queued", "undelivered", "failed", "expired", "canceled", "unknown"],
    unknown: ["sent", "undelivered", "failed", "expired", "canceled"],
  }),
  ...changes("resolve", {
    queued: ["sent", "sending", "undelivered", "failed", "expired", "canceled", "unknown"],
    sending: ["sent", "queued", "undelivered", "failed", "expired", "canceled", "unknown"],
    unknown: ["sent", "undelivered", "failed", "expired", "canceled"],
  }),
  ...changes("report", {
    // A report may outrun the answer to the submit, or come for an earlier attempt while a retry waits.
    queued: ["sent", "delivered", "undelivered", "failed", "expired", "canceled", "unknown"],
    sending: ["sent", "delivered", "undelivered", "failed", "expired", "canceled", "unknown"],
    // Back to sending: it was with a carrier that gave up, while another attempt is open.
    sent: ["sending", "delivered", "undelivered", "failed", "expired", "canceled", "unknown"],
    unknown: ["sent", "delivered", "undelivered", "failed", "expired", "canceled"],
    undelivered: ["delivered"],
    failed: ["delivered"],
    expired: ["delivered"],
    canceled: ["delivered"],
  }),
  ...changes("deadline", {
    scheduled: ["expired"],
    // Nothing came of the next try: what is known of those before it.
    queued: ["expired", "failed", "unknown", "undelivered", "canceled"],
    // Not `expired` for want of an answer, only as a carrier has reported it.
    sending: ["sent", "unknown", "undelivered", "failed", "expired", "canceled"],
  }),
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
