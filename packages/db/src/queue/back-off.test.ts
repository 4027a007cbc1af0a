import { expect, test } from "vitest";
import { fullJitterMs, halfJitterMs, RECONNECT, RETAKE } from "./back-off.ts";

const steps = (wait: (failures: number) => number) => [1, 2, 3, 4, 5, 6, 7, 100, 5000].map(wait);

test("waits as the tables say, at most", () => {
  const most = () => 1;
  expect(steps((failures) => fullJitterMs(RECONNECT, failures, most))).toEqual([
    50, 100, 200, 400, 800, 1600, 2000, 2000, 2000,
  ]);
  expect(steps((failures) => halfJitterMs(RETAKE, failures, most))).toEqual([
    1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000, 10_000,
  ]);
});

test("waits from nothing with full jitter, from half the step with half jitter", () => {
  expect(fullJitterMs(RECONNECT, 3, () => 0)).toBe(0);
  expect(halfJitterMs(RETAKE, 3, () => 0)).toBe(2000);
});
