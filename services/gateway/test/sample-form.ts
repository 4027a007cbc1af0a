import type { DirectoryProvider } from "@sms-gateway/contracts";
import type { Caller } from "../src/messages/caller.ts";
import { readSendRequest } from "../src/messages/read-send-request.ts";
import type { FormSettings, SendForm } from "../src/messages/send-form.ts";

/** The defaults of `config.ts`. */
export const FORM_SETTINGS: FormSettings = {
  maxMessageLength: 1600,
  maxRecipients: 1000,
  defaultCountry: undefined,
  allowedPrivateHosts: [],
};

/** A body as the gateway reads it, when the schema has nothing against it. */
export function readForm(body: Record<string, unknown>): SendForm {
  return readSendRequest({ to: "+12025550123", message: "Hello", ...body }, { found: [], settings: FORM_SETTINGS });
}

export function sampleProvider(changes: Partial<DirectoryProvider> = {}): DirectoryProvider {
  return {
    name: "twilio",
    enabled: true,
    paused: false,
    priority: 1,
    accounts: { live: false, lab: true },
    capabilities: { message_types: ["text", "unicode", "flash"], alphanumeric_senders: true },
    ...changes,
  };
}

export const CALLER: Caller = {
  client: {
    id: "00000000-0000-7000-8000-000000000001",
    name: "Default",
    active: true,
    time_zone: "UTC",
    rate_per_second: null,
    rate_per_minute: null,
    rate_per_hour: null,
    daily_quota: null,
    sender: null,
  },
  keyId: "00000000-0000-7000-8000-000000000002",
  kind: "test",
  scopes: ["send", "read"],
};
