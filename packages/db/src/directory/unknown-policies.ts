import { SMS_TYPES, UNKNOWN_POLICIES, type UnknownPolicies } from "@sms-gateway/contracts";
import { readObject } from "../read/stored-values.ts";

/** A client's choices as they are stored. What only a newer program knows is left out: the class then decides. */
export function readUnknownPolicies(value: unknown): UnknownPolicies {
  const stored = readObject(value) ?? {};
  return Object.fromEntries(
    SMS_TYPES.flatMap((smsType) => {
      const policy = UNKNOWN_POLICIES.find((known) => known === stored[smsType]);
      return policy === undefined ? [] : [[smsType, policy]];
    }),
  );
}
