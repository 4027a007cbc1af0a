import {
  type AttemptOutcome,
  deriveMessageState,
  isAllowedTransition,
  isFinalState,
  type MessageState,
  mayBeDouble,
  type ReportStatus,
  settledOutcome,
  type TransitionCause,
} from "@sms-gateway/contracts";
import { type AttemptChange, describeEnd, isRefusedForGood, type MessageChange } from "@sms-gateway/db";
import type { SubmitResult } from "@sms-gateway/providers";
import type { AttemptEnding, AttemptFacts, DeliveryError, MessageFacts } from "./delivery-facts.ts";
import { planNextTry, type RetryContext } from "./plan-next-try.ts";

type Refusal = Exclude<SubmitResult, { outcome: "accepted" }>;

/**
 * What the end of a provider's call makes of its attempt and its message (architecture.md 5.5 and 5.6). Pure.
 *
 * accepted → sent · unknown → stays sending, and is looked at · rejected for message or recipient → failed with the
 * provider's code · rejected for the provider, try_later → the next provider at once; nobody left: the next round, or
 * failed (with the code when all have refused for good, else RETRIES_EXHAUSTED), or expired. While an earlier attempt is
 * in doubt nothing ends failed or expired: the message stays sending. Where a report has told of another attempt what
 * became of it, nobody else is asked, and the message ends by what is known.
 *
 * @returns `null` when nothing changes: the attempt is not there, or was settled before. A late result settles its own
 *   attempt even when the message has moved on, and then never plans another try.
 */
export function foldSubmitResult(
  message: MessageFacts,
  attempts: readonly AttemptFacts[],
  settled: AttemptEnding,
  context: RetryContext,
): MessageChange | null {
  const { result, attemptNumber } = settled;
  const attempt = attempts.find(({ number }) => number === attemptNumber);
  if (attempt === undefined) return null;
  const outcome = weighOutcome(attempt, result.outcome);
  if (outcome === null) return null;
  const ended = { ...attempt, outcome, ...describeRefusal(attempt, result) };
  const after = attempts.map((one) => (one === attempt ? ended : one));
  const change = changeMessage(message, after, settled, context);
  const { status = message.status } = change;
  return {
    attempts: [changeAttempt(settled, attempt, outcome, context.firstChaseMs(settled.provider, message.simulated))],
    eventDetail: describeEvent(settled),
    ...change,
    ...changeDoubt(message, after, status),
  };
}

/** Says on the record whether a double is possible, where that has changed. */
export function changeDoubt(
  message: MessageFacts,
  attempts: readonly AttemptFacts[],
  status: MessageState,
): Pick<MessageChange, "possibleDouble"> {
  const possibleDouble = mayBeDouble(attempts, { retryPlanned: status === "queued" });
  return possibleDouble === message.possibleDouble ? {} : { possibleDouble };
}

/** The changes of the message itself, once its attempts are as given. */
function changeMessage(
  message: MessageFacts,
  after: readonly AttemptFacts[],
  settled: AttemptEnding,
  context: RetryContext,
): MessageChange {
  const { result, cause = "submit" } = settled;
  const closed = message.status === "unknown" || message.now >= message.expireAt;
  const isOver = after.some(isRefusedForGood);
  const derived = deriveMessageState(after, { retryPlanned: message.status === "queued" && !isOver, closed });
  if (message.status === "sending" && result.outcome !== "accepted" && !isOver && mayTryAgain(after)) {
    const next = tryAgain(message, after, { ...settled, result }, context);
    // While an attempt is in doubt, nothing ends for want of another try.
    if (derived === "failed" || next.status === "queued") return next;
  }
  const status = keepEnd(message.status, derived, cause);
  // The message shows the provider that has it: a late answer to another attempt does not take its place.
  const isTaken = status === "sent" && message.status !== "sent";
  const acceptance = isTaken || message.providerMessageId === null ? describeAcceptance(settled) : {};
  return { status, ...(status === message.status ? {} : showEnd(status, after, settled)), ...acceptance };
}

/** Nobody is being asked, somebody has refused, and no provider is known to have had it. */
function mayTryAgain(attempts: readonly AttemptFacts[]): boolean {
  const outcomes = attempts.map((one) => settledOutcome(one.outcome, one.reportStatus));
  const isRefused = outcomes.at(-1) === "try_later" || outcomes.at(-1) === "rejected";
  return isRefused && !outcomes.includes(null) && !outcomes.includes("accepted");
}

/**
 * The status that follows from the attempts. A message that has ended keeps its end where the table holds the change back;
 * one in flight keeps nothing, for it would wait for nobody: a change that the table lacks is refused when it is written.
 */
export function keepEnd(present: MessageState, derived: MessageState, cause: TransitionCause): MessageState {
  return isFinalState(present) && !isAllowedTransition(present, derived, cause) ? present : derived;
}

function tryAgain(
  message: MessageFacts,
  attempts: readonly AttemptFacts[],
  { provider, result }: { readonly provider: string; readonly result: Refusal },
  context: RetryContext,
): MessageChange {
  const error = toError(result);
  const retryAfterMs = result.outcome === "try_later" ? (result.retryAfterMs ?? 0) : 0;
  return planNextTry(message, attempts, { provider, ending: "refused", error, retryAfterMs }, context);
}

/**
 * The outcome to keep; `null`: what is there stays. An open attempt takes any outcome, one whose lease has run out
 * (unknown) a late one that tells more, and one that was taken for not sent (not in the provider's list, its claim given
 * back) the acceptance that proves the contrary. A report proves that the provider had taken the message: an answer that
 * denies it counts as none, since another try could only double it.
 */
function weighOutcome(
  { outcome: present, reportStatus }: AttemptFacts,
  answered: AttemptOutcome,
): AttemptOutcome | null {
  const outcome = isProven(reportStatus) && answered !== "accepted" ? "unknown" : answered;
  if (present === null) return outcome;
  if (present === "unknown") return outcome === "unknown" ? null : outcome;
  return present === "try_later" && outcome === "accepted" ? outcome : null;
}

function changeAttempt(
  { attemptNumber, result }: AttemptEnding,
  before: AttemptFacts,
  outcome: AttemptOutcome,
  firstChaseMs: number,
): AttemptChange {
  const change = { number: attemptNumber, outcome };
  if (result.outcome !== "accepted") return { ...change, ...describeRefusal(before, result) };
  const { providerMessageId, segments, price } = result;
  return {
    ...change,
    providerMessageId,
    checkInMs: firstChaseMs,
    // What had been thought of it before; the error of a report stays.
    ...(before.outcome !== null && before.reportStatus === null ? { errorCode: null, errorMessage: null } : {}),
    ...(segments === undefined ? {} : { segments }),
    ...(price === undefined ? {} : { price }),
  };
}

function isProven(reportStatus: ReportStatus | null): boolean {
  return reportStatus !== null && reportStatus !== "unknown";
}

/** What the attempt keeps of an answer other than `accepted`: nothing where a report has told more. */
function describeRefusal(
  { reportStatus }: AttemptFacts,
  result: SubmitResult,
): Partial<Pick<AttemptFacts, "errorCode" | "errorMessage">> & Pick<AttemptChange, "refusalScope"> {
  if (result.outcome === "accepted" || isProven(reportStatus)) return {};
  const error = { errorCode: result.error.code, errorMessage: result.error.reason };
  return result.outcome === "rejected" ? { ...error, refusalScope: result.scope } : error;
}

function describeEvent({ provider, attemptNumber, result }: AttemptEnding): Record<string, unknown> {
  const detail = { provider, attempt: attemptNumber };
  return result.outcome === "accepted" ? detail : { ...detail, error_code: result.error.code };
}

/** What the message shows of the provider that has it. */
function describeAcceptance({ provider, result }: AttemptEnding): MessageChange {
  if (result.outcome !== "accepted") return {};
  const { providerMessageId, price } = result;
  return { provider, providerMessageId, ...(price === undefined ? {} : { cost: price }) };
}

/** The error shown is that of the attempt which the new status follows from; its answer tells it first. */
function showEnd(status: MessageState, after: readonly AttemptFacts[], settled: AttemptEnding): MessageChange {
  if (status === "sent" || status === "delivered") return { error: null };
  if (!isFinalState(status)) return {};
  const { result, attemptNumber } = settled;
  const isOwn = after.some((one) => one.number === attemptNumber && one.outcome === "unknown");
  if (status === "unknown" && isOwn && result.outcome === "unknown") return { error: toError(result) };
  return describeEnd(status, after);
}

function toError({ error }: Refusal): DeliveryError {
  return { code: error.code, message: error.reason };
}
