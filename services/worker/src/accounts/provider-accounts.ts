import { type DirectoryProvider, PROVIDER_NAMES, type ProviderName } from "@sms-gateway/contracts";
import type { ProviderAccount as AccountRow } from "@sms-gateway/db";
import {
  type AdapterName,
  capabilitiesOfAdapter,
  createProviderAccount,
  labCredentials,
  type ProviderAccount,
} from "@sms-gateway/providers";
import type { WorkerSettings } from "../config.ts";

/** Which of a provider's accounts: real, or the carrier lab's. */
export type AccountKind = "live" | "lab";

/** Every account this worker holds, secrets included. In memory only, so that verifying a callback needs no database. */
export interface ProviderAccounts {
  find(provider: ProviderName, kind: AccountKind): ProviderAccount | undefined;
  /** All accounts of a provider, for callbacks that name none. */
  list(provider: ProviderName): { readonly kind: AccountKind; readonly account: ProviderAccount }[];
  /** The accounts as the directory keeps them: which there are, and what speaks to them. */
  describe(): AccountRow[];
}

/** Credentials that are set but lead nowhere, to be said loudly at start. */
export interface UnusedCredentials {
  readonly provider: ProviderName;
  readonly reason: string;
}

/** The names of the settings that make up each provider's credentials. */
const CREDENTIALS = {
  twilio: ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"],
  aws_sns: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"],
  plivo: ["PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN"],
  nexmo: ["NEXMO_API_KEY", "NEXMO_API_SECRET"],
  clickatell: ["CLICKATELL_API_KEY"],
} as const satisfies Record<ProviderName, readonly (keyof WorkerSettings)[]>;

/** What speaks to each provider. All but Twilio are simulated through Twilio's dialect until they have their own. */
const ADAPTERS = {
  twilio: "twilio",
  aws_sns: "twilio",
  plivo: "twilio",
  nexmo: "twilio",
  clickatell: "twilio",
} as const satisfies Record<ProviderName, AdapterName>;

/** Providers whose own adapter exists: only these can have a live account. */
const WITH_OWN_ADAPTER: ReadonlySet<ProviderName> = new Set<ProviderName>(["twilio"]);

/** What messages through a provider can carry, as the directory shows it. */
export function capabilitiesOf(provider: ProviderName): DirectoryProvider["capabilities"] {
  const { messageTypes, alphanumericSenders } = capabilitiesOfAdapter(ADAPTERS[provider]);
  return { message_types: [...messageTypes], alphanumeric_senders: alphanumericSenders };
}

/**
 * Makes the accounts that the settings describe: a live one where credentials are complete and an adapter exists, and
 * one in the carrier lab per provider while LAB is on. With SIMULATE_PROVIDERS=false only providers with a live account
 * keep their lab account, for their test keys.
 */
export function createProviderAccounts(settings: WorkerSettings): ProviderAccounts {
  const accounts = new Map<string, ProviderAccount>();
  for (const provider of PROVIDER_NAMES) {
    const live = createLiveAccount(provider, settings);
    if (live !== undefined) accounts.set(`${provider}:live`, live);
    if (settings.LAB && (settings.SIMULATE_PROVIDERS || live !== undefined)) {
      accounts.set(`${provider}:lab`, createLabAccount(provider, settings));
    }
  }
  const find = (provider: ProviderName, kind: AccountKind) => accounts.get(`${provider}:${kind}`);
  const list: ProviderAccounts["list"] = (provider) =>
    (["live", "lab"] as const).flatMap((kind) => {
      const account = find(provider, kind);
      return account === undefined ? [] : [{ kind, account }];
    });
  return {
    find,
    list,
    describe: () =>
      PROVIDER_NAMES.flatMap((provider) =>
        list(provider).map(({ kind }) => ({ provider, kind, adapter: ADAPTERS[provider] })),
      ),
  };
}

/** Credentials of the settings that make no live account, each with the reason. */
export function listUnusedCredentials(settings: WorkerSettings): UnusedCredentials[] {
  return PROVIDER_NAMES.flatMap((provider) => {
    const names = CREDENTIALS[provider];
    const missing = names.filter((name) => settings[name] === undefined);
    if (missing.length === names.length) return [];
    if (missing.length > 0) return [{ provider, reason: `${missing.join(" and ")} not set` }];
    if (WITH_OWN_ADAPTER.has(provider)) return [];
    return [{ provider, reason: "its own adapter does not exist yet: nothing is sent through it for real" }];
  });
}

function createLiveAccount(provider: ProviderName, settings: WorkerSettings): ProviderAccount | undefined {
  if (provider !== "twilio") return undefined;
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_PHONE_NUMBER: sender } = settings;
  if (accountSid === undefined || authToken === undefined) return undefined;
  return createProviderAccount({
    adapter: "twilio",
    credentials: { accountSid, authToken },
    ...(sender === undefined ? {} : { sender }),
  });
}

// Any number may be written as sender in the lab; this one stands where neither request nor client names one.
const LAB_SENDER = "+15005550006";

function createLabAccount(provider: ProviderName, settings: WorkerSettings): ProviderAccount {
  return createProviderAccount({
    adapter: ADAPTERS[provider],
    credentials: labCredentials(provider, settings.LAB_TOKEN),
    baseUrl: `${settings.LAB_URL.replace(/\/+$/, "")}/twilio`,
    sender: LAB_SENDER,
  });
}
