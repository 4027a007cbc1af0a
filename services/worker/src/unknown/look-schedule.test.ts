import fc from "fast-check";
import { expect, it } from "vitest";
import { nextLookMs, REPORT_WAIT_MS } from "./look-schedule.ts";

const HOUR_MS = 3_600_000;

/** The ages at which an attempt is looked at, the first look being at once. */
function listLooks(settleMs: number | null, untilMs: number): number[] {
  const ages = [0];
  for (let age = 0; age < untilMs; ) {
    age += nextLookMs(age, settleMs);
    ages.push(age);
  }
  return ages;
}

it("looks at once, often in the first minutes, and then every hour", () => {
  const seconds = listLooks(null, 3 * HOUR_MS).map((ms) => ms / 1000);
  expect(seconds).toEqual([0, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10_800]);
});

it("looks when the provider's settle time is over, and when the wait for a report is", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7200 }), (settleSeconds) => {
      const ages = listLooks(settleSeconds * 1000, 3 * HOUR_MS);
      expect(ages).toContain(settleSeconds * 1000);
      expect(ages).toContain(REPORT_WAIT_MS);
    }),
  );
});

it("always comes to a later look, within the hour", () => {
  const settleMs = fc.option(fc.integer({ min: 0, max: 600_000 }));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 * HOUR_MS }), settleMs, (ageMs, settle) => {
      const wait = nextLookMs(ageMs, settle);
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(HOUR_MS);
    }),
  );
});
