import fc from "fast-check";
import { expect, test } from "vitest";
import { type BackOff, fullJitterMs, halfJitterMs } from "./back-off.ts";

const BACK_OFF: BackOff = { firstMs: 100, capMs: 2_000 };

test("a step doubles with each failure up to the cap", () => {
  const steps = [1, 2, 3, 4, 5, 6, 100, 5000].map((failures) => fullJitterMs(BACK_OFF, failures, () => 1));
  expect(steps).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000]);
});

test("waits lie between nothing and the step with full jitter, from half of it with half jitter", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (failures, chance) => {
        const step = fullJitterMs(BACK_OFF, failures, () => 1);
        const [full, half] = [
          fullJitterMs(BACK_OFF, failures, () => chance),
          halfJitterMs(BACK_OFF, failures, () => chance),
        ];
        expect([full >= 0, full <= step, half >= Math.floor(step / 2), half <= step]).toEqual([true, true, true, true]);
      },
    ),
  );
  expect(fullJitterMs(BACK_OFF, 3, () => 0)).toBe(0);
  expect(halfJitterMs(BACK_OFF, 3, () => 0)).toBe(200);
});

test("waits are spread by chance, so that processes do not return in step", () => {
  const waits = Array.from({ length: 200 }, () => fullJitterMs(BACK_OFF, 20));
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(1_000);
});
