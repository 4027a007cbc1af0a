import fc from "fast-check";
import { expect, test } from "vitest";
import { backOffMs } from "./back-off.ts";

test("a pause lies between 0 and a bound that doubles up to the cap", () => {
  fc.assert(
    fc.property(fc.nat({ max: 100_000 }), (tries) => {
      const pauseMs = backOffMs(tries, { firstMs: 50, capMs: 2_000 });
      expect(pauseMs).toBeGreaterThanOrEqual(0);
      expect(pauseMs).toBeLessThanOrEqual(Math.min(2_000, 50 * 2 ** tries));
    }),
  );
});

test("pauses are spread, so that gateways do not return in step", () => {
  const pauses = Array.from({ length: 200 }, () => backOffMs(20, { firstMs: 50, capMs: 2_000 }));
  expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(1_000);
});
