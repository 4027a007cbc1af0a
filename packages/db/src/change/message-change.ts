import {
  type AttemptOutcome,
  isAllowedTransition,
  isFinalState,
  type MessageEventName,
  type MessageState,
  type PlannedTrace,
  type ReportStatus,
  type SmsType,
  type TransitionCause,
} from "@sms-gateway/contracts";
import type { Amount } from "../amount.ts";
import { checkAtAfter } from "./check-time.ts";
import type { AttemptRow, LockedMessage, RefusalScope } from "./locked-message.ts";

/** What a decision changes of one attempt. What is not named stays. */
export interface AttemptChange {
  readonly number: number;
  readonly outcome?: AttemptOutcome;
  readonly refusalScope?: RefusalScope;
  readonly reportStatus?: ReportStatus;
  /** When the carrier says it happened; the database's clock when not given. */
  readonly reportAt?: Date;
  readonly errorCode?: string | null;
  readonly errorMessage?: string | null;
  readonly providerMessageId?: string;
  readonly segments?: number;
  readonly price?: Amount;
  /** When it is looked at next, in milliseconds from now by the database's clock; null: never. See `checkAtAfter`. */
  readonly checkInMs?: number | null;
}

/** What a decision changes of one message. What is not named stays. */
export interface MessageChange {
  readonly status?: MessageState;
  readonly plannedProvider?: string | null;
  readonly dueAt?: Date;
  /** Instead of `dueAt`: milliseconds from now by the database's clock. */
  readonly dueInMs?: number;
  readonly tried?: readonly string[];
  readonly round?: number;
  readonly error?: { readonly code: string; readonly message: string } | null;
  readonly provider?: string | null;
  readonly providerMessageId?: string | null;
  readonly segments?: number;
  readonly cost?: Amount | null;
  readonly possibleDouble?: boolean;
  readonly attempts?: readonly AttemptChange[];
  /** Added to the decision trace, with or without a change of status. */
  readonly trace?: PlannedTrace;
  /** A sent message is not asked for any longer: it is closed as sent, with an event of its own. Never with a new status. */
  readonly reportMissing?: true;
  /** Kept with the event of the status change; without a status change there is no event. */
  readonly eventDetail?: Readonly<Record<string, unknown>>;
}

/** A decision wants a change of status that the table in contracts does not hold. A fault of our own. */
export class ForbiddenTransitionError extends Error {
  constructor(id: string, from: MessageState, to: MessageState, cause: TransitionCause) {
    super(`message ${id} may not go from ${from} to ${to} by ${cause}`);
    this.name = "ForbiddenTransitionError";
  }
}

/** @throws ForbiddenTransitionError unless the status stays or the table holds the change. */
export function refuseForbidden(message: LockedMessage, change: MessageChange, cause: TransitionCause): void {
  const { status = message.status } = change;
  if (status === message.status || isAllowedTransition(message.status, status, cause)) return;
  throw new ForbiddenTransitionError(message.id, message.status, status, cause);
}

/** The message as `UPDATE_MESSAGES` reads it: the locked row with the change in it. */
export function toMessageUpdate(message: LockedMessage, change: MessageChange): Record<string, unknown> {
  const { status = message.status, error, cost = message.cost } = change;
  return {
    id: message.id,
    status,
    planned_provider: change.plannedProvider === undefined ? message.plannedProvider : change.plannedProvider,
    due_at: dueAt(message, change),
    tried: change.tried ?? message.tried,
    round: change.round ?? message.round,
    error_code: error === undefined ? message.errorCode : (error?.code ?? null),
    error_message: error === undefined ? message.errorMessage : (error?.message ?? null),
    provider: change.provider === undefined ? message.provider : change.provider,
    provider_message_id: change.providerMessageId === undefined ? message.providerMessageId : change.providerMessageId,
    segments: change.segments ?? message.segments,
    cost_amount: cost?.amount ?? null,
    cost_currency: cost?.currency ?? null,
    possible_double: change.possibleDouble ?? message.possibleDouble,
    // Texts of one-time passwords do not outlive the message (architecture.md section 6).
    erase_text: message.smsType === "otp" && (isFinalState(status) || change.reportMissing === true),
    event_count: message.eventCount + (nameEvent(message, change) === undefined ? 0 : 1),
    trace: change.trace === undefined ? null : [{ ...change.trace, at: message.now }],
    ...timesAfter(message, status),
    ...(change.reportMissing === true ? { final_at: message.now } : {}),
    updated_at: message.now,
  };
}

/** The event that a change appends, if any. */
export function nameEvent(message: LockedMessage, change: MessageChange): MessageEventName | undefined {
  const { status = message.status } = change;
  if (status !== message.status) return status;
  return change.reportMissing === true ? "report_missing" : undefined;
}

function dueAt({ now, dueAt }: LockedMessage, change: MessageChange): Date {
  if (change.dueAt !== undefined) return change.dueAt;
  return change.dueInMs === undefined ? dueAt : new Date(now.getTime() + change.dueInMs);
}

/** When a provider is known to have taken the message, once it has this status. */
export function sentAtAfter(message: LockedMessage, status: MessageState): Date | null {
  return PROVES_SENT.has(status) ? (message.sentAt ?? message.now) : message.sentAt;
}

const PROVES_SENT: ReadonlySet<MessageState> = new Set<MessageState>(["sent", "delivered", "undelivered"]);

/** `sent_at` and `delivered_at` are first times; `final_at` is the time of the present end, for an end may be corrected. */
function timesAfter(message: LockedMessage, status: MessageState): Record<string, Date | null> {
  const { now } = message;
  if (status === message.status) {
    const { queuedAt, sentAt, deliveredAt, finalAt } = message;
    return { queued_at: queuedAt, sent_at: sentAt, delivered_at: deliveredAt, final_at: finalAt };
  }
  return {
    queued_at: status === "queued" ? (message.queuedAt ?? now) : message.queuedAt,
    sent_at: sentAtAfter(message, status),
    delivered_at: status === "delivered" ? now : message.deliveredAt,
    final_at: isFinalState(status) ? now : null,
  };
}

/**
 * The attempts as `UPDATE_ATTEMPTS` reads them.
 * @throws TypeError for a number that the message has no attempt of, or that is named twice.
 */
export function toAttemptUpdates(
  message: LockedMessage,
  attempts: readonly AttemptRow[],
  change: MessageChange,
): Record<string, unknown>[] {
  const { attempts: changes = [] } = change;
  if (new Set(changes.map(({ number }) => number)).size !== changes.length) {
    throw new TypeError(`message ${message.id}: an attempt is changed twice in one decision`);
  }
  return changes.map((attemptChange) => {
    const attempt = attempts.find(({ number }) => number === attemptChange.number);
    if (attempt === undefined) throw new TypeError(`message ${message.id} has no attempt ${attemptChange.number}`);
    return toAttemptUpdate(attempt, attemptChange, message);
  });
}

/** The classes of which somebody waits for a code or must be warned: their unknown outcomes are looked at before all others. */
const CHECKED_FIRST: ReadonlySet<SmsType> = new Set<SmsType>(["otp", "alert"]);

function toAttemptUpdate(
  attempt: AttemptRow,
  change: AttemptChange,
  { now, smsType }: LockedMessage,
): Record<string, unknown> {
  const { outcome = attempt.outcome, reportStatus = attempt.reportStatus, price = attempt.price } = change;
  const reportedAt = change.reportStatus === undefined ? attempt.reportAt : now;
  const checkAt = checkAtAfter(attempt, { outcome, reportStatus }, { now, checkInMs: change.checkInMs });
  return {
    message_id: attempt.messageId,
    number: attempt.number,
    finished_at: outcome === attempt.outcome ? attempt.finishedAt : now,
    outcome,
    report_status: reportStatus,
    report_at: change.reportAt ?? reportedAt,
    error_code: change.errorCode === undefined ? attempt.errorCode : change.errorCode,
    error_message: change.errorMessage === undefined ? attempt.errorMessage : change.errorMessage,
    provider_message_id: change.providerMessageId ?? attempt.providerMessageId,
    segments: change.segments ?? attempt.segments,
    price_amount: price?.amount ?? null,
    price_currency: price?.currency ?? null,
    refusal_scope: change.refusalScope ?? attempt.refusalScope,
    check_first: CHECKED_FIRST.has(smsType),
    check_at: checkAt ?? null,
    sets_check_at: checkAt !== undefined,
  };
}
