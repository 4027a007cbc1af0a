import { describe, expect, it } from "vitest";
import { parseAdminCommand, UsageError } from "./parse-admin-command.ts";

const id = "00000000-0000-7000-8000-000000000001";

describe("parseAdminCommand", () => {
  it("reads a provider by any of its names", () => {
    expect(parseAdminCommand(["provider", "disable", "Vonage"])).toEqual({
      name: "provider disable",
      provider: "nexmo",
    });
  });

  it("keeps limits that are not given and takes default as null", () => {
    const words = ["client", "limits", id, "--per-second", "0", "--daily-quota", "default"];
    expect(parseAdminCommand(words)).toEqual({
      name: "client limits",
      clientId: id,
      limits: { ratePerSecond: 0, dailyQuota: null },
    });
  });

  it("limits a provider's calls and its rate, each by itself, and takes the rate away", () => {
    const read = (...words: string[]) => parseAdminCommand(["provider", "limits", "twilio", ...words]);
    const common = { name: "provider limits", provider: "twilio" };
    expect(read("--max-in-flight", "8")).toEqual({ ...common, limits: { maxInFlight: 8 } });
    expect(read("--per-second", "30")).toEqual({ ...common, limits: { messagesPerSecond: 30 } });
    expect(read("--per-second", "unlimited")).toEqual({ ...common, limits: { messagesPerSecond: null } });
  });

  it("reads which lost groups are written off", () => {
    expect(parseAdminCommand(["accounting", "close", "boot-1", "high", "3", "7"])).toEqual({
      name: "accounting close",
      batches: { bootId: "boot-1", lane: "high", first: 3, last: 7 },
    });
    for (const [lane, first, last] of [
      ["low", "3", "7"],
      ["high", "0", "7"],
      ["high", "3", "2"],
      ["high", "3", "x"],
    ]) {
      expect(() => parseAdminCommand(["accounting", "close", "boot-1", lane ?? "", first ?? "", last ?? ""])).toThrow(
        UsageError,
      );
    }
  });

  it("makes test keys without the scope admin unless told otherwise", () => {
    expect(parseAdminCommand(["key", "create", id])).toEqual({
      name: "key create",
      clientId: id,
      kind: "test",
      scopes: ["send", "otp", "read", "reports", "inbound"],
      expiresAt: null,
    });
    expect(parseAdminCommand(["key", "create", id, "--kind", "live", "--scopes", "read,admin"])).toMatchObject({
      kind: "live",
      scopes: ["read", "admin"],
    });
  });

  it("lists the keys of everybody or of one client", () => {
    expect(parseAdminCommand(["key", "list"])).toEqual({ name: "key list", clientId: null });
    expect(parseAdminCommand(["key", "list", id])).toEqual({ name: "key list", clientId: id });
  });

  it.each([
    [[], "No command given."],
    [["provider", "explode"], 'There is no command "provider explode".'],
    [["provider", "constructor"], 'There is no command "provider constructor".'],
    [["provider", "disable"], "provider disable: <provider> missing."],
    [["provider", "disable", "acme"], 'There is no provider "acme".'],
    [["provider", "priority", "twilio", "0"], "priority must be a whole number from 1 to 1000."],
    [["client", "create", "Two", "words"], 'client create: "words" is too much; quote names with spaces.'],
    [["client", "create", "A", "--time-zone", "Mars/Base"], '--time-zone: there is no time zone "Mars/Base".'],
    [["provider", "limits", "twilio"], "provider limits: give at least one limit."],
    [["provider", "limits", "twilio", "--per-second", "0"], "--per-second must be a whole number from 1 to 1000000."],
    [["client", "limits", id], "client limits: give at least one limit."],
    [["client", "limits", id, "--per-second", "many"], "--per-second must be a whole number from 0 to 1000000000."],
    [["client", "activate", "1"], "<client id> must be a UUID; the list commands show them."],
    [
      ["key", "create", id, "--scopes", "send,fly"],
      '--scopes: "fly" is none of send, otp, read, reports, inbound, admin.',
    ],
    [["key", "create", id, "--kind", "old"], "--kind must be live or test."],
    [["key", "create", id, "--expires", "soon"], "--expires must be a time such as 2027-01-31T00:00:00Z."],
    [["key", "revoke", id, "--kind", "test"], "key revoke has no option --kind."],
  ])("refuses %j", (words, message) => {
    expect(() => parseAdminCommand(words)).toThrow(new UsageError(message));
  });
});
