import { expect, test } from "vitest";
import {
  type DirectoryProvider,
  type DirectorySnapshot,
  isOperational,
  parseDirectorySnapshot,
  SMS_TYPES,
  unknownPolicyOf,
} from "./index.ts";

const PROVIDER: DirectoryProvider = {
  name: "twilio",
  enabled: true,
  paused: false,
  priority: 1,
  accounts: { live: false, lab: true },
  capabilities: { message_types: ["text"], alphanumeric_senders: true },
};
const SNAPSHOT: DirectorySnapshot = { version: 1, clients: [], keys: [], providers: [PROVIDER] };

test("a snapshot survives its way as JSON", () => {
  expect(parseDirectorySnapshot(JSON.parse(JSON.stringify(SNAPSHOT)))).toEqual(SNAPSHOT);
});

test("a client of an older snapshot has no choices about unknown outcomes, and the class decides", () => {
  const client = {
    id: "c",
    name: "c",
    active: true,
    time_zone: "UTC",
    rate_per_second: null,
    rate_per_minute: null,
    rate_per_hour: null,
    daily_quota: null,
    sender: null,
  };
  const older = parseDirectorySnapshot({ ...SNAPSHOT, clients: [client] }).clients[0];
  expect(SMS_TYPES.map((smsType) => unknownPolicyOf(smsType, older?.unknown_outcomes)).sort()).toEqual([
    "never",
    "never",
    "resend",
    "resend",
    "wait",
  ]);
  const choosy = { ...client, unknown_outcomes: { otp: "never" } };
  const newer = parseDirectorySnapshot({ ...SNAPSHOT, clients: [choosy] }).clients[0];
  expect(unknownPolicyOf("otp", newer?.unknown_outcomes)).toBe("never");
  expect(unknownPolicyOf("alert", newer?.unknown_outcomes)).toBe("resend");
  expect(() =>
    parseDirectorySnapshot({ ...SNAPSHOT, clients: [{ ...client, unknown_outcomes: { otp: "often" } }] }),
  ).toThrow(/unknown_outcomes/);
});

test("a snapshot that cannot be read is refused with the field's name", () => {
  expect(() => parseDirectorySnapshot({ ...SNAPSHOT, version: "1" })).toThrow(/version/);
  expect(() => parseDirectorySnapshot(null)).toThrow(TypeError);
});

test.each<[string, DirectoryProvider, boolean, boolean]>([
  ["with a lab account carries simulated messages only", PROVIDER, true, false],
  [
    "with a live account carries real messages only",
    { ...PROVIDER, accounts: { live: true, lab: false } },
    false,
    true,
  ],
  [
    "that is disabled carries nothing",
    { ...PROVIDER, enabled: false, accounts: { live: true, lab: true } },
    false,
    false,
  ],
  ["that is paused carries nothing", { ...PROVIDER, paused: true, accounts: { live: true, lab: true } }, false, false],
])("a provider %s", (_fact, provider, simulated, real) => {
  expect([isOperational(provider, true), isOperational(provider, false)]).toEqual([simulated, real]);
});
