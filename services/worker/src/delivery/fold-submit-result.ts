import {
  type AttemptOutcome,
  deriveMessageState,
  isAllowedTransition,
  type MessageState,
  mayBeDouble,
} from "@sms-gateway/contracts";
import type { AttemptChange, MessageChange } from "@sms-gateway/db";
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
 * in doubt nothing ends failed or expired: the message stays sending.
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
  const after = attempts.map((one) => (one === attempt ? { ...one, outcome } : one));
  const change = changeMessage(message, after, { ...settled, outcome }, context);
  const { status = message.status } = change;
  return {
    attempts: [changeAttempt(settled, outcome, context.firstChaseMs(settled.provider, message.simulated))],
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
  settled: AttemptEnding & { readonly outcome: AttemptOutcome },
  context: RetryContext,
): MessageChange {
  const { result, outcome, cause = "submit" } = settled;
  const closed = message.status === "unknown" || message.now >= message.expireAt;
  const withoutRetry = deriveMessageState(after, { retryPlanned: false, closed });
  const isAsked = after.some((one) => one.outcome === null);
  const isRefused = outcome === "rejected" || outcome === "try_later";
  if (isRefused && result.outcome !== "accepted" && message.status === "sending" && !isAsked) {
    if (withoutRetry === "failed") return tryAgain(message, after, { ...settled, result }, context);
    if (withoutRetry === "sending") {
      const next = tryAgain(message, after, { ...settled, result }, context);
      return next.status === "queued" ? next : { status: "sending" };
    }
  }
  const status = isAllowedTransition(message.status, withoutRetry, cause) ? withoutRetry : message.status;
  // The message shows the provider that has it: a late answer to another attempt does not take its place.
  const isTaken = status === "sent" && message.status !== "sent";
  const acceptance = isTaken || message.providerMessageId === null ? describeAcceptance(settled) : {};
  return { status, ...describeEnd(status, result), ...acceptance };
}

function tryAgain(
  message: MessageFacts,
  attempts: readonly AttemptFacts[],
  { provider, result }: { readonly provider: string; readonly result: Refusal },
  context: RetryContext,
): MessageChange {
  const error = toError(result);
  if (result.outcome === "rejected" && result.scope !== "provider") return { status: "failed", error };
  const retryAfterMs = result.outcome === "try_later" ? (result.retryAfterMs ?? 0) : 0;
  return planNextTry(message, attempts, { provider, ending: "refused", error, retryAfterMs }, context);
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

function changeAttempt(
  { attemptNumber, result }: AttemptEnding,
  outcome: AttemptOutcome,
  firstChaseMs: number,
): AttemptChange {
  const change = { number: attemptNumber, outcome };
  if (result.outcome !== "accepted") {
    return { ...change, errorCode: result.error.code, errorMessage: result.error.reason };
  }
  const { providerMessageId, segments, price } = result;
  return {
    ...change,
    providerMessageId,
    checkInMs: firstChaseMs,
    ...(segments === undefined ? {} : { segments }),
    ...(price === undefined ? {} : { price }),
  };
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

function describeEnd(status: MessageState, result: SubmitResult): MessageChange {
  if (status === "sent" || status === "delivered") return { error: null };
  if (result.outcome === "accepted") return {};
  return status === "failed" || status === "unknown" ? { error: toError(result) } : {};
}

function toError({ error }: Refusal): DeliveryError {
  return { code: error.code, message: error.reason };
}
