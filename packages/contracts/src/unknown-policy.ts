import { type Static, Type } from "typebox";
import type { SmsType } from "./http/send-request.ts";

/**
 * What is done about a message when nobody can say whether a provider has taken it (architecture.md 5.6). `resend`: it is
 * sent once more at once, since a double is better than a loss. `wait`: a report is waited for, then it is sent once
 * more. `never`: it is not sent again.
 */
export const UNKNOWN_POLICIES = ["resend", "wait", "never"] as const;
export type UnknownPolicy = (typeof UNKNOWN_POLICIES)[number];

/** What holds for a class of messages unless the client wants it otherwise. */
const DEFAULT_POLICIES: Readonly<Record<SmsType, UnknownPolicy>> = {
  otp: "resend",
  alert: "resend",
  transactional: "wait",
  promotional: "never",
  marketing: "never",
};

const Policy = Type.Optional(Type.Enum([...UNKNOWN_POLICIES]));

/** A client's own choices; what is missing is as for everybody. */
export const UnknownPolicies = Type.Object({
  otp: Policy,
  alert: Policy,
  transactional: Policy,
  promotional: Policy,
  marketing: Policy,
});
export type UnknownPolicies = Static<typeof UnknownPolicies>;

/** What is done about a message of this class of a client with these choices. */
export function unknownPolicyOf(smsType: SmsType, choices: UnknownPolicies = {}): UnknownPolicy {
  return choices[smsType] ?? DEFAULT_POLICIES[smsType];
}
