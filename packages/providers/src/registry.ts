import type { AccountOptions, Adapter } from "./adapter.ts";
import type { ProviderAccount, ProviderCapabilities } from "./provider.ts";
import { TWILIO_ADAPTER } from "./twilio/adapter.ts";

/** Every adapter there is: one line per provider folder. */
export const ADAPTERS = {
  twilio: TWILIO_ADAPTER,
} as const satisfies Record<string, Adapter>;
export type AdapterName = keyof typeof ADAPTERS;

/**
 * Makes an account of one provider. Nothing is opened or loaded before its first submit.
 * @throws TypeError naming every field of the account that is missing or malformed, never with its value.
 */
export function createProviderAccount({
  adapter,
  ...options
}: AccountOptions & { adapter: AdapterName }): ProviderAccount {
  return ADAPTERS[adapter].createAccount(options);
}

/** What messages through this adapter can carry; known without an account. */
export function capabilitiesOfAdapter(adapter: AdapterName): ProviderCapabilities {
  return ADAPTERS[adapter].capabilities;
}
