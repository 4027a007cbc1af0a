import { expect, test } from "vitest";
import { rememberMisses } from "./recent-misses.ts";

test("forgets the oldest miss when there are too many", () => {
  const misses = rememberMisses({ keepMs: 60_000, max: 3, now: () => 0 });
  for (const hash of ["a", "b", "c", "a", "d"]) misses.add(hash);
  expect(["a", "b", "c", "d"].map((hash) => misses.has(hash))).toEqual([true, false, true, true]);
});

test("forgets a miss after its time", () => {
  let nowMs = 0;
  const misses = rememberMisses({ keepMs: 1_000, max: 3, now: () => nowMs });
  misses.add("a");
  nowMs = 999;
  expect(misses.has("a")).toBe(true);
  nowMs = 1_000;
  expect(misses.has("a")).toBe(false);
});
