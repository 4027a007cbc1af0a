import { loadSettings } from "@sms-gateway/runtime";
import { expect, test } from "vitest";
import { CALLER, sampleProvider } from "../../test/sample-form.ts";
import { gatewaySettings } from "../config.ts";
import { chooseLimits } from "./choose-limits.ts";
import { isSimulated } from "./is-simulated.ts";

const settings = loadSettings(gatewaySettings, {});

test("a client without limits of its own has those of requirement 002, and of 10 000 messages a day", () => {
  expect(chooseLimits(CALLER.client, settings)).toEqual({
    perSecond: 10,
    perMinute: 100,
    perHour: 1000,
    dailyQuota: 10_000,
  });
});

test("a client's own limits go first, also the one that means unlimited", () => {
  const client = { ...CALLER.client, rate_per_second: 0, rate_per_minute: 7, daily_quota: -1 };
  expect(chooseLimits(client, settings)).toEqual({ perSecond: 0, perMinute: 7, perHour: 1000, dailyQuota: -1 });
});

test.each([
  ["with a test key", "test", true, true],
  ["with a live key while no provider has live credentials", "live", false, true],
  ["with a live key and live credentials", "live", true, false],
] as const)("a message %s is simulated or not", (_how, kind, live, simulated) => {
  expect(isSimulated({ kind }, [sampleProvider({ accounts: { live, lab: true } })])).toBe(simulated);
});
