import {
  BOOTSTRAP_CLIENT_ID,
  type DirectoryClient,
  type DirectoryKey,
  type DirectoryProvider,
  type DirectorySnapshot,
  PROVIDER_NAMES,
  type ProviderName,
} from "@sms-gateway/contracts";
import { hashApiKey } from "@sms-gateway/http";
import { sampleProvider } from "./sample-form.ts";

/** The bootstrapped client's key (api.md section 1). */
export const TEST_KEY = "b57410a7-ea73-4b3d-811f-daa0bb565500";
/** A key of a second client. */
export const OTHER_KEY = "another-client-s-key";
const OTHER_CLIENT_ID = "00000000-0000-7000-8000-0000000000c2";

export interface DirectoryChanges {
  readonly client?: Partial<DirectoryClient>;
  readonly key?: Partial<DirectoryKey>;
  readonly providers?: Partial<Record<ProviderName, Partial<DirectoryProvider>>>;
}

/** Two clients with a key each and five providers, wired to the lab. */
export function sampleSnapshot(version: number, { client, key, providers = {} }: DirectoryChanges): DirectorySnapshot {
  return {
    version,
    clients: [{ ...sampleClient(BOOTSTRAP_CLIENT_ID, "Default"), ...client }, sampleClient(OTHER_CLIENT_ID, "Other")],
    keys: [
      { ...sampleKey("00000000-0000-7000-8000-0000000000a1", BOOTSTRAP_CLIENT_ID, TEST_KEY), ...key },
      sampleKey("00000000-0000-7000-8000-0000000000a2", OTHER_CLIENT_ID, OTHER_KEY),
    ],
    providers: PROVIDER_NAMES.map((name, index) => sampleProvider({ name, priority: index + 1, ...providers[name] })),
  };
}

function sampleClient(id: string, name: string): DirectoryClient {
  return {
    id,
    name,
    active: true,
    time_zone: "UTC",
    rate_per_second: null,
    rate_per_minute: null,
    rate_per_hour: null,
    daily_quota: null,
    sender: null,
  };
}

function sampleKey(id: string, clientId: string, key: string): DirectoryKey {
  return {
    id,
    client_id: clientId,
    hash: hashApiKey(key),
    kind: "test",
    scopes: ["send", "otp", "read"],
    expires_at: null,
    revoked: false,
  };
}
