import { expect, test } from "vitest";
import { type DirectoryProvider, type DirectorySnapshot, isOperational, parseDirectorySnapshot } from "./index.ts";

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
