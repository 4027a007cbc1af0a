import { expect, test } from "vitest";
import { judgeHealth } from "./judge-health.ts";
import type { Health } from "./read-health.ts";

function health(fields: Partial<Health> = {}): Health {
  return { startedAtS: 1, residentMib: 200, heapMib: 100, openFiles: 50, isReady: true, ...fields };
}

function judgeLast(fields: Partial<Health>): string[] {
  return judgeHealth([health(), health(), health(fields)]);
}

test("a process that stays as it is, is well", () => {
  expect(judgeLast({ residentMib: 220, openFiles: 60 })).toEqual([]);
});

test("growth between two equal rounds is a problem, and so is growth bit by bit", () => {
  expect(judgeLast({ residentMib: 300 })).toEqual(["its memory grows: 200, 200, 300 MiB"]);
  const bits = [200, 255, 310].map((residentMib) => health({ residentMib }));
  expect(judgeHealth(bits)).toEqual(["its memory grows: 200, 255, 310 MiB"]);
});

test("another process, one that is not ready, and sockets that stay open are problems", () => {
  expect(judgeLast({ startedAtS: 2 })).toHaveLength(1);
  expect(judgeLast({ isReady: false })).toHaveLength(1);
  expect(judgeLast({ openFiles: 500 })).toHaveLength(1);
});
