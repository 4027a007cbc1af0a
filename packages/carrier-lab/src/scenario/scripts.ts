import type { DeliveryPlan, DeliveryStep } from "./delivery-plan.ts";

/** What a carrier does with a submit. */
export type CarrierDecision =
  | { kind: "accept"; plan: DeliveryPlan }
  | { kind: "refuse"; reason: "invalid_number" }
  /** Not processed. `waitMs`: how long to wait, for dialects that can say so. */
  | { kind: "try_later"; waitMs: number | null }
  | LeftUnknown;

/** From what comes back the sender cannot tell whether it was sent. `plan`: it was, and this happens; null: it was not. */
export interface LeftUnknown {
  kind: "leave_unknown";
  /** Nothing at all, the dialect's "internal server error", or the end of the connection. */
  answer: "silence" | "server_error" | "reset";
  plan: DeliveryPlan | null;
}

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

/** Reaches the handset in the usual time, and every report comes at once, long after it. */
const DELIVERED_REPORTED_LATE: DeliveryPlan = {
  steps: [
    { ...SENT, reports: 0 },
    { ...DELIVERED, reports: 0 },
    { ...SENT, afterDelays: 5 },
    { ...DELIVERED, afterDelays: 5, reachesHandset: false },
  ],
  beforeAnswer: false,
};

const DELIVERS = accept([SENT, DELIVERED]);
const TRY_LATER: CarrierDecision = { kind: "try_later", waitMs: null };

/** Every number without a script of its own. */
export const ANY_OTHER_NUMBER: Script = always(DELIVERS);

/**
 * The scenario table of the architecture document, section 7; `docs/carrier-lab.md` shows it to users. Its seconds are
 * delays here, which are a second each by default. 013 of that table is missing, since the lab sends no inbound texts
 * yet; it behaves like any other number until it is written.
 */
export const SCRIPTS: ReadonlyMap<string, Script> = new Map([
  ["+15005550001", always({ kind: "refuse", reason: "invalid_number" })],
  ["+15005550002", always(accept([SENT, { ...DELIVERED, state: "undelivered", reachesHandset: false }]))],
  ["+15005550003", remembering((facts) => (facts.timesAsked <= 2 ? TRY_LATER : DELIVERS))],
  ["+15005550004", remembering((facts) => (facts.timesAsked <= 1 ? { ...TRY_LATER, waitMs: 2000 } : DELIVERS))],
  ["+15005550005", always(leaveUnknown("silence", DELIVERED_REPORTED_LATE))],
  ["+15005550006", always(DELIVERS)],
  ["+15005550007", always(leaveUnknown("silence", null))],
  // The network knows that it was delivered, and says so when asked; only the report of it is 10 delays late.
  [
    "+15005550008",
    always(accept([SENT, { ...DELIVERED, reports: 0 }, { ...DELIVERED, afterDelays: 11, reachesHandset: false }])),
  ],
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
  ["+15005550016", always(leaveUnknown("server_error", null))],
  ["+15005550017", always(leaveUnknown("server_error", DELIVERED_REPORTED_LATE))],
  ["+15005550018", always(leaveUnknown("reset", null))],
]);

function accept(steps: readonly DeliveryStep[], { beforeAnswer = false } = {}): CarrierDecision {
  return { kind: "accept", plan: { steps, beforeAnswer } };
}

function leaveUnknown(answer: LeftUnknown["answer"], plan: DeliveryPlan | null): CarrierDecision {
  return { kind: "leave_unknown", answer, plan };
}

function always(decision: CarrierDecision): Script {
  return { remembers: false, decide: () => decision };
}

function remembering(decide: Script["decide"]): Script {
  return { remembers: true, decide };
}
