import fc from "fast-check";
import { expect, it } from "vitest";
import { CHASE_MS, nextChaseMs } from "./chase-schedule.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The ages at which a message is looked at. */
function listLooks(isAskable: boolean): number[] {
  const ages: number[] = [];
  for (let waitMs = nextChaseMs(0, isAskable); waitMs !== undefined; ) {
    const age = (ages.at(-1) ?? 0) + waitMs;
    ages.push(age);
    waitMs = nextChaseMs(age, isAskable);
  }
  return ages;
}

it("asks often at first, then seldom, for three days", () => {
  const minutes = listLooks(true).map((ms) => ms / MINUTE_MS);
  expect(minutes).toEqual([0.75, 2, 10, 60, 240, 720, 1440, 2880, 4320]);
});

it("only closes the message where the provider cannot be asked", () => {
  expect(listLooks(false)).toEqual([72 * HOUR_MS]);
});

it("loses no look by a late one, and always comes to the end", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 * CHASE_MS }), fc.boolean(), (ageMs, isAskable) => {
      const waitMs = nextChaseMs(ageMs, isAskable);
      if (ageMs >= CHASE_MS) expect(waitMs).toBeUndefined();
      else {
        expect(waitMs).toBeGreaterThan(0);
        expect(ageMs + (waitMs ?? 0)).toBeLessThanOrEqual(CHASE_MS);
      }
    }),
  );
});
