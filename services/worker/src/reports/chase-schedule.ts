import { findProviderName } from "@sms-gateway/contracts";
import type { ProviderAccounts } from "../accounts/provider-accounts.ts";

/*
 * When a provider is asked for the report of a message that it took and of which it has told nothing final
 * (architecture.md section 4). Counted from the answer to the submit, so that a late look loses no later one.
 *
 *   look    1      2       3        4     5     6      7      8      9
 *   after   45 s   2 min   10 min   1 h   4 h   12 h   24 h   48 h   72 h
 *
 * A report mostly comes within seconds, and then nobody asks. After the last look the message is closed as sent.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LOOKS_MS: readonly number[] = [
  45_000,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  HOUR_MS,
  4 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
  48 * HOUR_MS,
];
/** Carriers keep a message for a handset that is away for up to three days; what has not come by then does not come. */
export const CHASE_MS = 72 * HOUR_MS;

/**
 * How long until the next look, in ms; `undefined`: there is none, the message is closed.
 *
 * @param ageMs time since the provider took it.
 * @param isAskable whether the provider can be asked; else there is nothing to do before the end.
 */
export function nextChaseMs(ageMs: number, isAskable: boolean): number | undefined {
  if (ageMs >= CHASE_MS) return undefined;
  const next = isAskable ? LOOKS_MS.find((lookMs) => lookMs > ageMs) : undefined;
  return (next ?? CHASE_MS) - ageMs;
}

/** Makes the function that says when a message that was taken just now is first asked for, in ms. */
export function createFirstChase(accounts: ProviderAccounts) {
  return function firstChaseMs(written: string, simulated: boolean): number {
    const provider = findProviderName(written);
    const account = provider && accounts.find(provider, simulated ? "lab" : "live");
    return nextChaseMs(0, account?.capabilities.readMessage === true) ?? CHASE_MS;
  };
}
