import { isFinalState, settledOutcome, type UnknownPolicy } from "@sms-gateway/contracts";
import type { MessageChange } from "@sms-gateway/db";
import type { FoundMessage, SubmitResult } from "@sms-gateway/providers";
import type { AttemptFacts, MessageFacts } from "../delivery/delivery-facts.ts";
import { foldSubmitResult } from "../delivery/fold-submit-result.ts";
import { planNextTry, type RetryContext } from "../delivery/plan-next-try.ts";
import { decideUnknown, type ProviderWord } from "./decide-unknown.ts";

/** An attempt that may be of unknown outcome. */
export interface UnknownAttempt extends AttemptFacts {
  /** When its submit was given up. */
  readonly finishedAt: Date | null;
}

/** One look at an attempt. */
export interface Look {
  readonly messageId: string;
  readonly attemptNumber: number;
  readonly word: ProviderWord;
  /** Before the provider was asked, by the database's clock. */
  readonly askedAt: Date;
  /** See `UnknownFacts`. */
  readonly settleMs: number | null;
  readonly policy: UnknownPolicy;
}

/** Certain: the provider's own list is complete and settled. */
const NOT_SENT: SubmitResult = {
  outcome: "try_later",
  cause: "unavailable",
  error: { code: "NOT_FOUND_AT_PROVIDER", reason: "The provider never got the message: its list does not have it." },
};

/**
 * What a look at an attempt of unknown outcome makes of it and of its message, decided under lock. Pure.
 *
 * @returns `null` when nothing changes: the attempt was settled meanwhile.
 */
export function foldResolution(
  message: MessageFacts,
  attempts: readonly UnknownAttempt[],
  look: Look,
  context: RetryContext,
): MessageChange | null {
  const attempt = attempts.find(({ number }) => number === look.attemptNumber);
  if (attempt === undefined || settledOutcome(attempt.outcome, attempt.reportStatus) !== "unknown") return null;
  const endedAt = (attempt.finishedAt ?? message.now).getTime();
  const isOver = message.now >= message.expireAt;
  const decision = decideUnknown({
    ...look,
    askedAgeMs: look.askedAt.getTime() - endedAt,
    ageMs: Math.max(0, message.now.getTime() - endedAt),
    // What follows a later attempt is planned by how that one ends.
    mayResend: message.status === "sending" && !isOver && attempts.every(({ number }) => number <= attempt.number),
  });
  if (decision.do === "accept" || decision.do === "refuse") {
    const result = decision.do === "accept" ? toAcceptance(decision.message) : NOT_SENT;
    const { number: attemptNumber, provider } = attempt;
    return foldSubmitResult(message, attempts, { attemptNumber, provider, result, cause: "resolve" }, context);
  }
  const isEnded = isOver || (isFinalState(message.status) && message.status !== "unknown");
  const looked = { attempts: [{ number: attempt.number, checkInMs: isEnded ? null : decision.lookInMs }] };
  return decision.do === "wait" ? looked : { ...looked, ...resend(message, attempts, attempt, context) };
}

function toAcceptance({ providerMessageId, segments, price }: FoundMessage): SubmitResult {
  return {
    outcome: "accepted",
    providerMessageId,
    ...(segments === undefined ? {} : { segments }),
    ...(price === undefined ? {} : { price }),
  };
}

/** Nothing when there is no round left: the message stays in doubt until its deadline. */
function resend(
  message: MessageFacts,
  attempts: readonly UnknownAttempt[],
  { number, provider }: UnknownAttempt,
  context: RetryContext,
): MessageChange {
  const error = { code: "OUTCOME_UNKNOWN", message: "The provider never said whether it took the message." };
  const next = planNextTry(message, attempts, { provider, ending: "unknown", error, retryAfterMs: 0 }, context);
  if (next.status !== "queued") return {};
  return { ...next, possibleDouble: true, eventDetail: { provider, attempt: number, possible_double: true } };
}
