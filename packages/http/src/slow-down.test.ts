import { expect, test } from "vitest";
import { createFailureBrake } from "./index.ts";

function brakeAt(start = 0) {
  const clock = { nowMs: start };
  const brake = createFailureBrake(() => clock.nowMs);
  const fail = (address: string, times: number) => {
    for (let i = 0; i < times; i += 1) brake.recordFailure(address);
  };
  return { clock, brake, fail };
}

test("ten failures cost nothing, each further one costs 100 ms more, up to 2 s", () => {
  const { brake, fail } = brakeAt();
  fail("a", 10);
  expect(brake.delayMs("a")).toBe(0);
  fail("a", 1);
  expect(brake.delayMs("a")).toBe(100);
  fail("a", 500);
  expect(brake.delayMs("a")).toBe(2_000);
});

test("one address does not slow down another", () => {
  const { brake, fail } = brakeAt();
  fail("a", 100);
  expect(brake.delayMs("b")).toBe(0);
});

test("a minute later all is forgotten", () => {
  const { clock, brake, fail } = brakeAt();
  fail("a", 100);
  clock.nowMs = 59_999;
  expect(brake.delayMs("a")).toBe(2_000);
  clock.nowMs = 60_000;
  expect(brake.delayMs("a")).toBe(0);
  fail("a", 1);
  expect(brake.delayMs("a")).toBe(0);
});

test("memory is bounded: of many addresses the oldest is forgotten first", () => {
  const { brake, fail } = brakeAt();
  fail("first", 20);
  fail("second", 20);
  for (let i = 0; i < 9_999; i += 1) fail(`address ${i}`, 1);
  expect(brake.delayMs("first")).toBe(0);
  expect(brake.delayMs("second")).toBe(1_000);
});
