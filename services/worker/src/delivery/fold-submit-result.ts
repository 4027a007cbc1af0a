import {
  type AttemptOutcome,
  type DirectoryProvider,
  deriveMessageState,
  isAllowedTransition,
  type MessageState,
  type ProviderName,
} from "@sms-gateway/contracts";
import type {
  AttemptFacts,
  AttemptResult,
  AttemptUpdate,
  DeliveryDecision,
  DeliveryError,
  MessageFacts,
  PlannedTry,
} from "./delivery-facts.ts";
import { planProvider, planWaitingProvider } from "./plan-provider.ts";
import { nextRoundDelayMs, ROUNDS_MAX } from "./retry-schedule.ts";

/** What planning the next try looks at, beside the message. */
export interface PlanningContext {
  readonly providers: readonly DirectoryProvider[];
  readonly defaultProvider: ProviderName | undefined;
  readonly now: Date;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * What the end of a provider's call makes of its attempt and its message (architecture.md 5.5 and 5.6). Pure.
 *
 * accepted → sent · unknown → stays sending, until a report or the deadline · rejected for message or recipient → failed
 * with the provider's code · rejected for the provider, try_later → the next provider at once; nobody left: the next
 * round, or failed (with the code when all have refused for good, else RETRIES_EXHAUSTED).
 *
 * @returns `null` when nothing changes: the attempt is not there, or was settled before. A late result settles its own
 *   attempt even when the message has moved on, and then never plans another try.
 */
export function foldSubmitResult(
  message: MessageFacts,
  attempts: readonly AttemptFacts[],
  settled: AttemptResult,
  context: PlanningContext,
): DeliveryDecision | null {
  const attempt = attempts.find(({ number }) => number === settled.attemptNumber);
  if (attempt === undefined) return null;
  const outcome = weighOutcome(attempt, settled.result.outcome);
  if (outcome === null) return null;
  const after = attempts.map((one) => (one === attempt ? { ...one, outcome } : one));
  const update = updateAttempt(settled, outcome);
  const closed = message.status === "unknown" || context.now >= message.expireAt;
  const withoutRetry = deriveMessageState(after, { retryPlanned: false, closed });

  if (withoutRetry !== "failed" || message.status !== "sending" || settled.result.outcome === "accepted") {
    const status = isAllowedTransition(message.status, withoutRetry, "submit") ? withoutRetry : message.status;
    return { attempt: update, status, ...describeError(status, settled) };
  }
  const next = planNextTry(message, after, settled, context);
  if ("code" in next) return { attempt: update, status: "failed", error: next };
  return { attempt: update, status: "queued", next };
}

/**
 * The outcome to keep; `null`: what is there stays. An open attempt takes any outcome, one whose lease has run out
 * (unknown) a late one that tells more. A report proves that the provider had taken the message: an answer that denies it
 * counts as none, since another try could only double it.
 */
function weighOutcome(
  { outcome: present, reportStatus }: AttemptFacts,
  answered: AttemptOutcome,
): AttemptOutcome | null {
  const isTaken = reportStatus !== null && reportStatus !== "unknown";
  const outcome = isTaken && answered !== "accepted" ? "unknown" : answered;
  if (present === null) return outcome;
  return present === "unknown" && outcome !== "unknown" ? outcome : null;
}

function updateAttempt({ attemptNumber, result, finishedAt }: AttemptResult, outcome: AttemptOutcome): AttemptUpdate {
  const base = { number: attemptNumber, outcome, finishedAt };
  if (result.outcome !== "accepted") return { ...base, error: toError(result.error) };
  return {
    ...base,
    providerMessageId: result.providerMessageId,
    ...(result.segments === undefined ? {} : { segments: result.segments }),
    ...(result.price === undefined ? {} : { price: result.price }),
  };
}

function describeError(status: MessageState, { result }: AttemptResult): { error?: DeliveryError | null } {
  if (status === "sent" || status === "delivered") return { error: null };
  if (result.outcome === "accepted") return {};
  return status === "failed" || status === "unknown" ? { error: toError(result.error) } : {};
}

function planNextTry(
  message: MessageFacts,
  attempts: readonly AttemptFacts[],
  { provider, result }: AttemptResult,
  context: PlanningContext,
): PlannedTry | DeliveryError {
  if (result.outcome === "accepted") throw new TypeError("an accepted attempt needs no further try");
  const error = toError(result.error);
  if (result.outcome === "rejected" && result.scope !== "provider") return error;
  const expired = { code: "EXPIRED", message: "The message's life ended before a provider took it." };
  if (context.now >= message.expireAt) return expired;

  const ruledOut = new Set(attempts.filter(({ outcome }) => outcome === "rejected").map((one) => one.provider));
  const request = {
    requested: message.providers,
    simulated: message.simulated,
    messageType: message.messageType,
    sender: message.fromNumber,
    providers: context.providers,
    defaultProvider: context.defaultProvider,
    ruledOut,
  };
  const tried = new Set([...message.tried, provider]);
  const nextInRound = planProvider({ ...request, tried });
  if (nextInRound !== null) {
    return { provider: nextInRound, dueAt: context.now, round: message.round, tried: [...tried] };
  }
  const nextRound = planProvider({ ...request, tried: new Set() }) ?? planWaitingProvider(request);
  if (nextRound === null) return error;
  if (message.round >= ROUNDS_MAX) {
    return { code: "RETRIES_EXHAUSTED", message: `No provider took the message in ${ROUNDS_MAX} rounds.` };
  }
  const minimumMs = result.outcome === "try_later" ? (result.retryAfterMs ?? 0) : 0;
  const delayMs = nextRoundDelayMs(message.round, minimumMs, context.random);
  return {
    provider: nextRound,
    dueAt: new Date(context.now.getTime() + delayMs),
    round: message.round + 1,
    tried: [],
  };
}

function toError({ code, reason }: { readonly code: string; readonly reason: string }): DeliveryError {
  return { code, message: reason };
}
