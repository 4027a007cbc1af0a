import { mayHaveArrived, settledOutcome } from "@sms-gateway/contracts";
import { HOLD_MAX_MS, type MessageChange } from "@sms-gateway/db";
import type { AttemptFacts, DeliveryError, MessageFacts } from "./delivery-facts.ts";
import {
  type PlanningContext,
  type PlanRequest,
  type ProviderPlan,
  planProvider,
  planWaitingProvider,
  probingOf,
  tracePlan,
} from "./plan-provider.ts";
import { nextRoundDelayMs, RESENDS_MAX, ROUNDS_MAX } from "./retry-schedule.ts";

/** What planning the next try looks at, beside the message. */
export interface RetryContext extends PlanningContext {
  /** From 0 to below 1. */
  readonly random: () => number;
  /** How long after a provider took a message its report is asked for, in ms, unless it has come. */
  readonly firstChaseMs: (provider: string, simulated: boolean) => number;
}

/** The attempt after which another try is planned. */
export interface LastTry {
  readonly provider: string;
  /** `refused`: the provider did not take it. `unknown`: nobody can say, and it is sent once more. */
  readonly ending: "refused" | "unknown";
  readonly error: DeliveryError;
  /** What the provider asked for (`Retry-After`), in ms. Kept to for as long as the provider is held, and no longer. */
  readonly retryAfterMs: number;
}

/**
 * The next try of a message (architecture.md 5.6): the next provider at once; nobody left: the next round, after a wait.
 * Pure. `queued`, or the end when there is none: `failed` (with the provider's code when all have refused for good, else
 * RETRIES_EXHAUSTED), or `expired`. A message that has been resent as often as its class allows is `failed` here, which
 * means to whoever has an attempt in doubt that there is no further try. A provider that has one in doubt is asked again
 * only when nobody else suits.
 */
export function planNextTry(
  message: MessageFacts,
  attempts: readonly AttemptFacts[],
  last: LastTry,
  context: RetryContext,
): MessageChange {
  if (message.now >= message.expireAt) {
    return {
      status: "expired",
      error: { code: "EXPIRED", message: "No provider took the message before its deadline." },
    };
  }
  if (attempts.filter(mayHaveArrived).length > RESENDS_MAX[message.smsType]) {
    return { status: "failed", error: last.error };
  }
  const isResend = last.ending === "unknown";
  const request = {
    requested: message.providers,
    simulated: message.simulated,
    messageType: message.messageType,
    sender: message.fromNumber,
    ruledOut: new Set(attempts.filter(({ outcome }) => outcome === "rejected").map((one) => one.provider)),
  };
  const tried = new Set([...message.tried, last.provider]);
  const inDoubt = new Set(attempts.filter(isInDoubt).map((one) => one.provider));
  const next = planProvider(
    { ...request, tried: new Set([...tried, ...inDoubt]), ...probingOf(message.lane, { isLater: false }) },
    context,
  );
  if (next.provider !== null) {
    const trace = tracePlan(isResend ? "resend" : "failover", next);
    return { status: "queued", plannedProvider: next.provider, dueInMs: 0, tried: [...tried], trace };
  }

  const nextRound = planNextRound({ ...request, ...probingOf(message.lane, { isLater: true }) }, inDoubt, context);
  if (nextRound.provider === null) {
    return { status: "failed", error: last.error, trace: tracePlan(isResend ? "resend" : "retry", nextRound) };
  }
  if (message.round >= ROUNDS_MAX) {
    const sentence = `No provider took the message in ${ROUNDS_MAX} rounds.`;
    return { status: "failed", error: { code: "RETRIES_EXHAUSTED", message: sentence } };
  }
  return {
    status: "queued",
    plannedProvider: nextRound.provider,
    dueInMs: nextRoundDelayMs(message.round, Math.min(last.retryAfterMs, HOLD_MAX_MS), context.random),
    round: message.round + 1,
    tried: [],
    trace: tracePlan(isResend ? "resend" : "retry", nextRound),
  };
}

/** Somebody without an attempt in doubt; else anybody; else whoever comes back first. */
function planNextRound(
  request: Omit<PlanRequest, "tried">,
  inDoubt: ReadonlySet<string>,
  context: PlanningContext,
): ProviderPlan {
  const elsewhere = planProvider({ ...request, tried: inDoubt }, context);
  if (elsewhere.provider !== null) return elsewhere;
  const anybody = inDoubt.size === 0 ? elsewhere : planProvider({ ...request, tried: new Set() }, context);
  return anybody.provider === null ? planWaitingProvider(request, context) : anybody;
}

function isInDoubt({ outcome, reportStatus }: AttemptFacts): boolean {
  return settledOutcome(outcome, reportStatus) === "unknown";
}
