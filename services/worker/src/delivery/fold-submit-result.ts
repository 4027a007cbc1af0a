import {
  type AttemptOutcome,
  type DirectoryProvider,
  deriveMessageState,
  isAllowedTransition,
  type MessageState,
  type ProviderName,
} from "@sms-gateway/contracts";
import type { AttemptChange, MessageChange } from "@sms-gateway/db";
import type { SubmitResult } from "@sms-gateway/providers";
import type { AttemptFacts, AttemptResult, DeliveryError, MessageFacts } from "./delivery-facts.ts";
import { planProvider, planWaitingProvider } from "./plan-provider.ts";
import { nextRoundDelayMs, ROUNDS_MAX } from "./retry-schedule.ts";

/** What planning the next try looks at, beside the message. */
export interface PlanningContext {
  readonly providers: readonly DirectoryProvider[];
  readonly defaultProvider: ProviderName | undefined;
  /** From 0 to below 1. */
  readonly random: () => number;
}

type Refusal = Exclude<SubmitResult, { outcome: "accepted" }>;

/**
 * What the end of a provider's call makes of its attempt and its message (architecture.md 5.5 and 5.6). Pure.
 *
 * accepted → sent · unknown → stays sending, until a report or the deadline · rejected for message or recipient → failed
 * with the provider's code · rejected for the provider, try_later → the next provider at once; nobody left: the next
 * round, or failed (with the code when all have refused for good, else RETRIES_EXHAUSTED), or expired.
 *
 * @returns `null` when nothing changes: the attempt is not there, or was settled before. A late result settles its own
 *   attempt even when the message has moved on, and then never plans another try.
 */
export function foldSubmitResult(
  message: MessageFacts,
  attempts: readonly AttemptFacts[],
  settled: AttemptResult,
  context: PlanningContext,
): MessageChange | null {
  const { result, attemptNumber } = settled;
  const attempt = attempts.find(({ number }) => number === attemptNumber);
  if (attempt === undefined) return null;
  const outcome = weighOutcome(attempt, result.outcome);
  if (outcome === null) return null;
  const after = attempts.map((one) => (one === attempt ? { ...one, outcome } : one));
  const closed = message.status === "unknown" || message.now >= message.expireAt;
  const withoutRetry = deriveMessageState(after, { retryPlanned: false, closed });
  const settledAttempt = {
    attempts: [changeAttempt(settled, outcome)],
    eventDetail: describeEvent(settled),
  };

  if (result.outcome !== "accepted" && withoutRetry === "failed" && message.status === "sending") {
    return { ...settledAttempt, ...planNextTry(message, after, { ...settled, result }, context) };
  }
  const status = isAllowedTransition(message.status, withoutRetry, "submit") ? withoutRetry : message.status;
  // The message shows the provider that has it: a late answer to another attempt does not take its place.
  const isTaken = status === "sent" && message.status !== "sent";
  const acceptance = isTaken || message.providerMessageId === null ? describeAcceptance(settled) : {};
  return { ...settledAttempt, status, ...describeEnd(status, result), ...acceptance };
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

function changeAttempt({ attemptNumber, result }: AttemptResult, outcome: AttemptOutcome): AttemptChange {
  const change = { number: attemptNumber, outcome };
  if (result.outcome !== "accepted") {
    return { ...change, errorCode: result.error.code, errorMessage: result.error.reason };
  }
  const { providerMessageId, segments, price } = result;
  return {
    ...change,
    providerMessageId,
    ...(segments === undefined ? {} : { segments }),
    ...(price === undefined ? {} : { price }),
  };
}

function describeEvent({ provider, attemptNumber, result }: AttemptResult): Record<string, unknown> {
  const detail = { provider, attempt: attemptNumber };
  return result.outcome === "accepted" ? detail : { ...detail, error_code: result.error.code };
}

/** What the message shows of the provider that has it. */
function describeAcceptance({ provider, result }: AttemptResult): MessageChange {
  if (result.outcome !== "accepted") return {};
  const { providerMessageId, price } = result;
  return { provider, providerMessageId, ...(price === undefined ? {} : { cost: price }) };
}

function describeEnd(status: MessageState, result: SubmitResult): MessageChange {
  if (status === "sent" || status === "delivered") return { error: null };
  if (result.outcome === "accepted") return {};
  return status === "failed" || status === "unknown" ? { error: toError(result) } : {};
}

function planNextTry(
  message: MessageFacts,
  attempts: readonly AttemptFacts[],
  { provider, result }: { readonly provider: ProviderName; readonly result: Refusal },
  context: PlanningContext,
): MessageChange {
  const fail = (error: DeliveryError): MessageChange => ({ status: "failed", error });
  if (result.outcome === "rejected" && result.scope !== "provider") return fail(toError(result));
  if (message.now >= message.expireAt) {
    return {
      status: "expired",
      error: { code: "EXPIRED", message: "No provider took the message before its deadline." },
    };
  }
  const request = {
    requested: message.providers,
    simulated: message.simulated,
    messageType: message.messageType,
    sender: message.fromNumber,
    providers: context.providers,
    defaultProvider: context.defaultProvider,
    ruledOut: new Set(attempts.filter(({ outcome }) => outcome === "rejected").map((one) => one.provider)),
  };
  const tried = new Set([...message.tried, provider]);
  const nextInRound = planProvider({ ...request, tried });
  if (nextInRound !== null) return { status: "queued", plannedProvider: nextInRound, dueInMs: 0, tried: [...tried] };

  const firstOfNextRound = planProvider({ ...request, tried: new Set() }) ?? planWaitingProvider(request);
  if (firstOfNextRound === null) return fail(toError(result));
  if (message.round >= ROUNDS_MAX) {
    const sentence = `No provider took the message in ${ROUNDS_MAX} rounds.`;
    return fail({ code: "RETRIES_EXHAUSTED", message: sentence });
  }
  const minimumMs = result.outcome === "try_later" ? (result.retryAfterMs ?? 0) : 0;
  return {
    status: "queued",
    plannedProvider: firstOfNextRound,
    dueInMs: nextRoundDelayMs(message.round, minimumMs, context.random),
    round: message.round + 1,
    tried: [],
  };
}

function toError({ error }: Refusal): DeliveryError {
  return { code: error.code, message: error.reason };
}
