import type { TObject } from "typebox";
import type { ProviderAccount, ProviderCapabilities } from "./provider.ts";

/** What an account is made of, whoever the provider is. */
export interface AccountOptions {
  /** The secrets and ids that the provider gave out; the names are those of the adapter's `configSchema`. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Where the provider's API is instead of its usual place: origin and path prefix, such as the carrier lab's. */
  readonly baseUrl?: string;
  /** Sender of messages that name none. */
  readonly sender?: string;
}

/** What a provider's folder offers to the registry. Making an account opens nothing and loads no SDK. */
export interface Adapter {
  readonly capabilities: ProviderCapabilities;
  /** One property per field of an account: description, and `secret: true` where it may never be shown. */
  readonly configSchema: TObject;
  /** @throws TypeError naming every field that is missing or malformed, never with its value. */
  createAccount(options: AccountOptions): ProviderAccount;
}
