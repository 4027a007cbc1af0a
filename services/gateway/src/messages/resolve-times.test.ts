import { expect, test } from "vitest";
import { resolveTimes } from "./resolve-times.ts";

const NOW = Date.parse("2026-01-31T10:00:00Z");
const PLAIN = { scheduleAtMs: null, expireAtMs: null, ttlSeconds: null, smsType: "transactional" } as const;

test.each([
  ["an hour after acceptance", PLAIN, null, NOW + 3_600_000],
  ["five minutes after, for one-time passwords", { ...PLAIN, smsType: "otp" }, null, NOW + 300_000],
  ["as asked", { ...PLAIN, ttlSeconds: 10 }, null, NOW + 10_000],
  ["an hour after its time", { ...PLAIN, scheduleAtMs: NOW + 60_000 }, NOW + 60_000, NOW + 3_660_000],
  ["as asked after its time", { ...PLAIN, scheduleAtMs: NOW + 60_000, ttlSeconds: 20 }, NOW + 60_000, NOW + 80_000],
  ["at the time given", { ...PLAIN, scheduleAtMs: NOW + 60_000, expireAtMs: NOW + 70_000 }, NOW + 60_000, NOW + 70_000],
  ["counted from now when its time is past", { ...PLAIN, scheduleAtMs: NOW - 60_000 }, null, NOW + 3_600_000],
] as const)("a message's life ends %s", (_when, form, scheduleAtMs, expireAtMs) => {
  expect(resolveTimes(form, NOW)).toEqual({ scheduleAtMs, expireAtMs });
});
