import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextRoundDelayMs, ROUNDS_MAX } from "./retry-schedule.ts";

const longest = () => 1 - Number.EPSILON;

describe("nextRoundDelayMs", () => {
  it("doubles from five seconds to ten minutes", () => {
    const waits = Array.from({ length: ROUNDS_MAX - 1 }, (_, index) => nextRoundDelayMs(index + 1, 0, longest));
    expect(waits).toEqual([5e3, 10e3, 20e3, 40e3, 80e3, 160e3, 320e3, 600e3, 600e3]);
  });

  it("may come back at once, since the jitter is full", () => {
    expect(nextRoundDelayMs(5, 0, () => 0)).toBe(0);
  });

  it("never undercuts what the provider asked for and never exceeds both bounds", () => {
    const round = fc.integer({ min: 1, max: 1000 });
    const minimumMs = fc.integer({ min: 0, max: 86_400_000 });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(round, minimumMs, random, (n, minimum, share) => {
        const wait = nextRoundDelayMs(n, minimum, () => share);
        expect(wait).toBeGreaterThanOrEqual(minimum);
        expect(wait).toBeLessThanOrEqual(Math.max(minimum, 600_000));
        expect(Number.isInteger(wait)).toBe(true);
      }),
    );
  });
});
