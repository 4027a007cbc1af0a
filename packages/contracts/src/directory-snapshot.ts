import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { MESSAGE_TYPES } from "./http/send-request.ts";
import { orNull } from "./or-null.ts";
import { PROVIDER_NAMES } from "./provider-names.ts";
import { UnknownPolicies } from "./unknown-policy.ts";

export const KEY_SCOPES = ["send", "otp", "read", "reports", "inbound", "admin"] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** A client (tenant). A limit of `null` means the gateway's default, 0 or less means unlimited. */
export const DirectoryClient = Type.Object({
  id: Type.String(),
  name: Type.String(),
  active: Type.Boolean(),
  time_zone: Type.String({ description: "IANA name; the daily quota's day." }),
  rate_per_second: orNull(Type.Integer()),
  rate_per_minute: orNull(Type.Integer()),
  rate_per_hour: orNull(Type.Integer()),
  daily_quota: orNull(Type.Integer()),
  sender: orNull(Type.String({ description: "Sender when a request names none." })),
  // Optional: a snapshot that an older worker has published has none.
  unknown_outcomes: Type.Optional(UnknownPolicies),
});
export type DirectoryClient = Static<typeof DirectoryClient>;

/** An API key: its SHA-256 as hex, never the key itself. */
export const DirectoryKey = Type.Object({
  id: Type.String(),
  client_id: Type.String(),
  hash: Type.String(),
  kind: Type.Enum(["live", "test"]),
  scopes: Type.Array(Type.Enum([...KEY_SCOPES])),
  expires_at: orNull(Type.String()),
  revoked: Type.Boolean(),
});
export type DirectoryKey = Static<typeof DirectoryKey>;

/** What the gateway must know of a provider. Operational = enabled, not paused, with an account for this kind of message. */
export const DirectoryProvider = Type.Object({
  name: Type.Enum([...PROVIDER_NAMES]),
  enabled: Type.Boolean(),
  paused: Type.Boolean(),
  priority: Type.Integer({ description: "1 is asked first." }),
  accounts: Type.Object({ live: Type.Boolean(), lab: Type.Boolean() }),
  capabilities: Type.Object({
    message_types: Type.Array(Type.Enum([...MESSAGE_TYPES])),
    alphanumeric_senders: Type.Boolean(),
  }),
});
export type DirectoryProvider = Static<typeof DirectoryProvider>;

/** Everything the gateway knows without asking Postgres (architecture.md 5.9). `version` only ever rises. */
export const DirectorySnapshot = Type.Object({
  version: Type.Integer(),
  clients: Type.Array(DirectoryClient),
  keys: Type.Array(DirectoryKey),
  providers: Type.Array(DirectoryProvider),
});
export type DirectorySnapshot = Static<typeof DirectorySnapshot>;

const compiled = Compile(DirectorySnapshot);

/** Reads a snapshot from a parsed JSON value; throws a `TypeError` that names the first problem. */
export function parseDirectorySnapshot(value: unknown): DirectorySnapshot {
  if (compiled.Check(value)) return value;
  const [first] = compiled.Errors(value);
  throw new TypeError(`The directory cannot be read: ${first?.instancePath ?? "/"} ${first?.message ?? "is wrong"}`);
}

/** Whether a provider can carry a message now: enabled, not paused, and with an account of the needed kind. */
export function isOperational(provider: DirectoryProvider, simulated: boolean): boolean {
  return provider.enabled && !provider.paused && (simulated ? provider.accounts.lab : provider.accounts.live);
}

/** The client that every installation starts with; key-less calls (`API_KEY_REQUIRED=false`) act as it. */
export const BOOTSTRAP_CLIENT_ID = "00000000-0000-7000-8000-000000000001";
