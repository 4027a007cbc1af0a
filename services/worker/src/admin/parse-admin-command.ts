import { parseArgs } from "node:util";
import {
  findProviderName,
  KEY_SCOPES,
  type KeyScope,
  LANES,
  type Lane,
  PROVIDER_NAMES,
  type ProviderName,
  SMS_TYPES,
  type SmsType,
  UNKNOWN_POLICIES,
  type UnknownPolicy,
} from "@sms-gateway/contracts";
import type { BatchRange, ProviderLimits } from "@sms-gateway/db";

/** New limits of a client; what is missing stays as it is, `null` is the gateway's default, 0 or less is unlimited. */
export interface LimitChanges {
  readonly ratePerSecond?: number | null;
  readonly ratePerMinute?: number | null;
  readonly ratePerHour?: number | null;
  readonly dailyQuota?: number | null;
}

/** Everything `make admin` can do. */
export type AdminCommand =
  | { readonly name: "provider list" }
  | {
      readonly name: "provider enable" | "provider disable" | "provider pause" | "provider resume";
      readonly provider: ProviderName;
    }
  | { readonly name: "provider priority"; readonly provider: ProviderName; readonly priority: number }
  | { readonly name: "provider limits"; readonly provider: ProviderName; readonly limits: ProviderLimits }
  | { readonly name: "client list" }
  | {
      readonly name: "client create";
      readonly clientName: string;
      readonly timeZone: string;
      readonly sender: string | null;
    }
  | { readonly name: "client activate" | "client deactivate"; readonly clientId: string }
  | { readonly name: "client limits"; readonly clientId: string; readonly limits: LimitChanges }
  | {
      readonly name: "client unknown-outcomes";
      readonly clientId: string;
      /** `null`: what holds for everybody. */
      readonly choices: Readonly<Partial<Record<SmsType, UnknownPolicy | null>>>;
    }
  | { readonly name: "key list"; readonly clientId: string | null }
  | {
      readonly name: "key create";
      readonly clientId: string;
      readonly kind: "live" | "test";
      readonly scopes: readonly KeyScope[];
      readonly expiresAt: Date | null;
    }
  | { readonly name: "key revoke"; readonly keyId: string }
  | { readonly name: "accounting close"; readonly batches: BatchRange };

/** The command line is wrong; `message` says what is and `make admin` prints the usage below it. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** How `make admin` is used. */
export const ADMIN_USAGE = `Usage: make admin ARGS='<command>'

  provider list
  provider enable|disable|pause|resume <provider>
  provider priority <provider> <1-1000>        1 is asked first
  provider limits <provider> [--max-in-flight <n>] [--per-second <n>|unlimited]
                                               over all workers; per second in segments

  client list
  client create <name> [--time-zone <IANA name>] [--sender <number or name>]
  client activate|deactivate <client id>
  client limits <client id> [--per-second <n>] [--per-minute <n>] [--per-hour <n>] [--daily-quota <n>]
                                               <n> may be "default"; 0 is unlimited
  client unknown-outcomes <client id> [--otp|--alert|--transactional|--promotional|--marketing resend|wait|never|default]
                                               what to do when a provider never answers; docs/retries.md

  key list [<client id>]
  key create <client id> [--kind live|test] [--scopes send,read] [--expires <ISO 8601>]
                                               kind is test, scopes are ${KEY_SCOPES.filter((scope) => scope !== "admin").join(",")}
                                               unless given; the key is shown once
  key revoke <key id>

  accounting close <boot id> <lane> <first> <last>
                                               writes lost groups off, as the accounting of a day names them

Providers: ${PROVIDER_NAMES.join(", ")}. Gateways know of a change within two seconds.
`;

const OPTIONS = {
  "time-zone": { type: "string" },
  sender: { type: "string" },
  "max-in-flight": { type: "string" },
  "per-second": { type: "string" },
  "per-minute": { type: "string" },
  "per-hour": { type: "string" },
  "daily-quota": { type: "string" },
  otp: { type: "string" },
  alert: { type: "string" },
  transactional: { type: "string" },
  promotional: { type: "string" },
  marketing: { type: "string" },
  kind: { type: "string" },
  scopes: { type: "string" },
  expires: { type: "string" },
} as const;

type Options = { readonly [Name in keyof typeof OPTIONS]?: string };

/** A command's own reader: `args` are the words behind its name. */
interface Reader {
  readonly argNames: readonly string[];
  /** Words behind the required ones that may be given. */
  readonly optionalArgs?: number;
  readonly options?: readonly (keyof Options)[];
  read(args: readonly string[], options: Options): AdminCommand;
}

const READERS: Readonly<Record<string, Reader>> = {
  "provider list": { argNames: [], read: () => ({ name: "provider list" }) },
  "provider enable": {
    argNames: ["provider"],
    read: ([name]) => ({ name: "provider enable", provider: readProvider(name) }),
  },
  "provider disable": {
    argNames: ["provider"],
    read: ([name]) => ({ name: "provider disable", provider: readProvider(name) }),
  },
  "provider pause": {
    argNames: ["provider"],
    read: ([name]) => ({ name: "provider pause", provider: readProvider(name) }),
  },
  "provider resume": {
    argNames: ["provider"],
    read: ([name]) => ({ name: "provider resume", provider: readProvider(name) }),
  },
  "provider priority": {
    argNames: ["provider", "priority"],
    read: ([name, priority]) => ({
      name: "provider priority",
      provider: readProvider(name),
      priority: readWhole("priority", priority, { min: 1, max: 1000 }),
    }),
  },
  "provider limits": {
    argNames: ["provider"],
    options: ["max-in-flight", "per-second"],
    read: ([name], options) => ({
      name: "provider limits",
      provider: readProvider(name),
      limits: readProviderLimits(options),
    }),
  },
  "client list": { argNames: [], read: () => ({ name: "client list" }) },
  "client create": {
    argNames: ["name"],
    options: ["time-zone", "sender"],
    read: ([name = ""], options) => ({
      name: "client create",
      clientName: name,
      timeZone: readTimeZone(options["time-zone"] ?? "UTC"),
      sender: options.sender ?? null,
    }),
  },
  "client activate": {
    argNames: ["client id"],
    read: ([id]) => ({ name: "client activate", clientId: readId("client id", id) }),
  },
  "client deactivate": {
    argNames: ["client id"],
    read: ([id]) => ({ name: "client deactivate", clientId: readId("client id", id) }),
  },
  "client limits": {
    argNames: ["client id"],
    options: ["per-second", "per-minute", "per-hour", "daily-quota"],
    read: ([id], options) => ({
      name: "client limits",
      clientId: readId("client id", id),
      limits: readLimits(options),
    }),
  },
  "client unknown-outcomes": {
    argNames: ["client id"],
    options: [...SMS_TYPES],
    read: ([id], options) => ({
      name: "client unknown-outcomes",
      clientId: readId("client id", id),
      choices: readUnknownPolicies(options),
    }),
  },
  "key list": {
    argNames: [],
    optionalArgs: 1,
    read: ([id]) => ({ name: "key list", clientId: id === undefined ? null : readId("client id", id) }),
  },
  "key create": {
    argNames: ["client id"],
    options: ["kind", "scopes", "expires"],
    read: ([id], options) => ({
      name: "key create",
      clientId: readId("client id", id),
      kind: readKind(options.kind ?? "test"),
      scopes:
        options.scopes === undefined ? KEY_SCOPES.filter((scope) => scope !== "admin") : readScopes(options.scopes),
      expiresAt: options.expires === undefined ? null : readTime("--expires", options.expires),
    }),
  },
  "key revoke": { argNames: ["key id"], read: ([id]) => ({ name: "key revoke", keyId: readId("key id", id) }) },
  "accounting close": {
    argNames: ["boot id", "lane", "first", "last"],
    read: ([bootId = "", lane, first, last]) => ({
      name: "accounting close",
      batches: { bootId, lane: readLane(lane), ...readSequences(first, last) },
    }),
  },
};

/** Reads the words behind `make admin`. @throws UsageError that says what is wrong with them. */
export function parseAdminCommand(words: readonly string[]): AdminCommand {
  const { positionals, values } = readWords(words);
  const name = positionals.slice(0, 2).join(" ");
  const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  if (reader === undefined) throw new UsageError(name === "" ? "No command given." : `There is no command "${name}".`);
  const args = positionals.slice(2);
  const missing = reader.argNames.slice(args.length);
  if (missing.length > 0) throw new UsageError(`${name}: ${missing.map((arg) => `<${arg}>`).join(" and ")} missing.`);
  const tooMany = args.slice(reader.argNames.length + (reader.optionalArgs ?? 0));
  if (tooMany.length > 0) throw new UsageError(`${name}: "${tooMany.join(" ")}" is too much; quote names with spaces.`);
  const foreign = Object.keys(values).filter((option) => !reader.options?.some((known) => known === option));
  if (foreign.length > 0) throw new UsageError(`${name} has no option --${foreign.join(", --")}.`);
  return reader.read(args, values);
}

function readWords(words: readonly string[]): { positionals: string[]; values: Options } {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readProvider(written = ""): ProviderName {
  const provider = findProviderName(written);
  if (provider === undefined) throw new UsageError(`There is no provider "${written}".`);
  return provider;
}

function readLane(written = ""): Lane {
  const lane = LANES.find((known) => known === written);
  if (lane === undefined) throw new UsageError(`There is no lane "${written}"; there are ${LANES.join(", ")}.`);
  return lane;
}

function readSequences(first: string | undefined, last: string | undefined): { first: number; last: number } {
  const bounds = { min: 1, max: Number.MAX_SAFE_INTEGER };
  const range = { first: readWhole("first", first, bounds), last: readWhole("last", last, bounds) };
  if (range.last < range.first) throw new UsageError("last must not be before first.");
  return range;
}

function readId(what: string, written = ""): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(written)) return written.toLowerCase();
  throw new UsageError(`<${what}> must be a UUID; the list commands show them.`);
}

function readWhole(what: string, written = "", { min, max }: { min: number; max: number }): number {
  const value = Number(written);
  if (/^-?\d+$/.test(written) && value >= min && value <= max) return value;
  throw new UsageError(`${what} must be a whole number from ${min} to ${max}.`);
}

function readLimits(options: Options): LimitChanges {
  const limit = (name: keyof Options): number | null | undefined => {
    const written = options[name];
    if (written === undefined || written === "default") return written === undefined ? undefined : null;
    return readWhole(`--${name}`, written, { min: 0, max: 1_000_000_000 });
  };
  const [perSecond, perMinute, perHour, quota] = [
    limit("per-second"),
    limit("per-minute"),
    limit("per-hour"),
    limit("daily-quota"),
  ];
  const changes = {
    ...(perSecond === undefined ? {} : { ratePerSecond: perSecond }),
    ...(perMinute === undefined ? {} : { ratePerMinute: perMinute }),
    ...(perHour === undefined ? {} : { ratePerHour: perHour }),
    ...(quota === undefined ? {} : { dailyQuota: quota }),
  };
  if (Object.keys(changes).length === 0) throw new UsageError("client limits: give at least one limit.");
  return changes;
}

function readProviderLimits({ "max-in-flight": inFlight, "per-second": perSecond }: Options): ProviderLimits {
  if (inFlight === undefined && perSecond === undefined)
    throw new UsageError("provider limits: give at least one limit.");
  const limit = (what: string, written: string): number => readWhole(what, written, { min: 1, max: 1_000_000 });
  return {
    ...(inFlight === undefined ? {} : { maxInFlight: limit("--max-in-flight", inFlight) }),
    ...(perSecond === undefined
      ? {}
      : { messagesPerSecond: perSecond === "unlimited" ? null : limit("--per-second", perSecond) }),
  };
}

function readUnknownPolicies(options: Options): Partial<Record<SmsType, UnknownPolicy | null>> {
  const chosen = SMS_TYPES.flatMap((smsType) => {
    const written = options[smsType];
    if (written === undefined) return [];
    const policy = UNKNOWN_POLICIES.find((known) => known === written);
    if (policy !== undefined || written === "default") return [[smsType, policy ?? null] as const];
    throw new UsageError(`--${smsType} must be one of ${UNKNOWN_POLICIES.join(", ")}, default.`);
  });
  if (chosen.length === 0) throw new UsageError("client unknown-outcomes: give at least one class of messages.");
  return Object.fromEntries(chosen);
}

function readTimeZone(written: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: written }).resolvedOptions().timeZone;
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`--time-zone: there is no time zone "${written}".`);
    throw error;
  }
}

function readKind(written: string): "live" | "test" {
  if (written === "live" || written === "test") return written;
  throw new UsageError("--kind must be live or test.");
}

function readScopes(written: string): KeyScope[] {
  return written.split(",").map((word) => {
    const scope = KEY_SCOPES.find((known) => known === word.trim());
    if (scope === undefined) throw new UsageError(`--scopes: "${word}" is none of ${KEY_SCOPES.join(", ")}.`);
    return scope;
  });
}

function readTime(what: string, written: string): Date {
  const time = new Date(written);
  if (/^\d{4}-\d\d-\d\d/.test(written) && !Number.isNaN(time.getTime())) return time;
  throw new UsageError(`${what} must be a time such as 2027-01-31T00:00:00Z.`);
}
