import type { UnknownPolicy } from "@sms-gateway/contracts";
import type { FoundMessage } from "@sms-gateway/providers";
import { nextLookMs, REPORT_WAIT_MS } from "./look-schedule.ts";

/**
 * What a provider says when it is asked about an attempt, ids of other attempts taken away. `found`: exactly one message
 * that can only be this one. `not_found`: none, in a complete list. `cannot_tell`: it cannot be searched, could not be
 * asked, or its list is incomplete or names several.
 */
export type ProviderWord =
  | { readonly said: "found"; readonly message: FoundMessage }
  | { readonly said: "not_found" }
  | { readonly said: "cannot_tell" };

/** What the decision about an attempt of unknown outcome looks at. */
export interface UnknownFacts {
  readonly word: ProviderWord;
  /** Time from the end of the submit to the moment before the provider was asked, and to now, in ms. */
  readonly askedAgeMs: number;
  readonly ageMs: number;
  /** How long the provider's search may miss a message, in ms; null: it cannot be searched. */
  readonly settleMs: number | null;
  readonly policy: UnknownPolicy;
  /** The message waits for nothing but this attempt, and its deadline is not over. */
  readonly mayResend: boolean;
}

/** `accept`: the provider has it. `refuse`: it was certainly not sent. `resend`: nobody can say, and it is sent once more. */
export type UnknownDecision =
  | { readonly do: "accept"; readonly message: FoundMessage }
  | { readonly do: "refuse" }
  | { readonly do: "resend"; readonly lookInMs: number }
  | { readonly do: "wait"; readonly lookInMs: number };

/**
 * What becomes of an attempt of unknown outcome (architecture.md 5.6). Pure. The provider's word comes first; that there is
 * no such message counts only once its search had the time to learn of it. What it cannot tell, the policy decides.
 */
export function decideUnknown(facts: UnknownFacts): UnknownDecision {
  const { word, settleMs, askedAgeMs, ageMs, policy } = facts;
  if (word.said === "found") return { do: "accept", message: word.message };
  if (word.said === "not_found" && settleMs !== null && askedAgeMs >= settleMs) return { do: "refuse" };
  const lookInMs = nextLookMs(ageMs, settleMs);
  const isTimeToResend = policy === "resend" || (policy === "wait" && ageMs >= REPORT_WAIT_MS);
  return facts.mayResend && isTimeToResend ? { do: "resend", lookInMs } : { do: "wait", lookInMs };
}
