import type { DeliveryPlan, DeliveryStep } from "./delivery-plan.ts";

/** What a carrier does with a submit. Answers other than these (silence, 500, reset) get a kind of their own. */
export type CarrierDecision =
  | { kind: "accept"; plan: DeliveryPlan }
  | { kind: "refuse"; reason: "invalid_number" }
  /** Not processed. `waitMs`: how long to wait, for dialects that can say so. */
  | { kind: "try_later"; waitMs: number | null };

/** One submit as a script sees it. */
export interface SubmitFacts {
  /** How often this message was submitted, over all accounts, this time included: 1, 2, 3 … */
  timesAsked: number;
  /** No other account was asked for this message before this one. */
  isFirstAccount: boolean;
}

/** What happens for one number. */
export interface Script {
  /** The decision depends on what was asked before, so the message must be remembered. */
  remembers: boolean;
  decide(facts: SubmitFacts): CarrierDecision;
}

const SENT: DeliveryStep = { afterDelays: 0.25, state: "sent", reachesHandset: false, reports: 1 };
const DELIVERED: DeliveryStep = { afterDelays: 1, state: "delivered", reachesHandset: true, reports: 1 };

const DELIVERS = accept([SENT, DELIVERED]);
const TRY_LATER: CarrierDecision = { kind: "try_later", waitMs: null };

/** Every number without a script of its own. */
export const ANY_OTHER_NUMBER: Script = always(DELIVERS);

/**
 * The scenario table of the architecture document, section 7. Numbers of that table that are missing here (005, 007,
 * 008, 013, 016 to 018) behave like any other number until they are written.
 */
export const SCRIPTS: ReadonlyMap<string, Script> = new Map([
  ["+15005550001", always({ kind: "refuse", reason: "invalid_number" })],
  ["+15005550002", always(accept([SENT, { ...DELIVERED, state: "undelivered", reachesHandset: false }]))],
  ["+15005550003", remembering((facts) => (facts.timesAsked <= 2 ? TRY_LATER : DELIVERS))],
  ["+15005550004", remembering((facts) => (facts.timesAsked <= 1 ? { ...TRY_LATER, waitMs: 2000 } : DELIVERS))],
  ["+15005550006", always(DELIVERS)],
  ["+15005550009", always(accept([SENT, DELIVERED], { beforeAnswer: true }))],
  [
    "+15005550010",
    always(
      accept([
        { ...SENT, reports: 2 },
        { ...DELIVERED, reports: 2 },
      ]),
    ),
  ],
  ["+15005550011", always(accept([DELIVERED, { ...SENT, afterDelays: 1.25 }]))],
  // The handset has the text, but its network never confirms that: asked for, the message stays "sent".
  [
    "+15005550012",
    always(
      accept([
        { ...SENT, reports: 0 },
        { ...DELIVERED, state: "sent", reports: 0 },
      ]),
    ),
  ],
  ["+15005550014", remembering((facts) => (facts.isFirstAccount ? TRY_LATER : DELIVERS))],
  ["+15005550015", always(TRY_LATER)],
]);

function accept(steps: readonly DeliveryStep[], { beforeAnswer = false } = {}): CarrierDecision {
  return { kind: "accept", plan: { steps, beforeAnswer } };
}

function always(decision: CarrierDecision): Script {
  return { remembers: false, decide: () => decision };
}

function remembering(decide: Script["decide"]): Script {
  return { remembers: true, decide };
}
