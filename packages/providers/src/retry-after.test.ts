import { expect, it } from "vitest";
import { readRetryAfterMs } from "./retry-after.ts";

const NOW_MS = Date.UTC(2026, 10, 21, 12, 0, 0);

it.each([
  ["2", 2000],
  [" 0 ", 0],
  ["1.5", 1500],
  ["Sat, 21 Nov 2026 12:00:30 GMT", 30_000],
  ["Saturday, 21-Nov-26 12:00:30 GMT", 30_000],
  ["Sat, 21 Nov 2026 11:59:00 GMT", 0],
  ["99999999999", 86_400_000],
])("reads %j as a wait of %i ms", (header, waitMs) => {
  expect(readRetryAfterMs(header, NOW_MS)).toBe(waitMs);
});

it.each([undefined, "", "soon", "-5", "2s", "2026-11-21", "Sat, nonsense"])("takes %j as no wait at all", (header) => {
  expect(readRetryAfterMs(header, NOW_MS)).toBeUndefined();
});

it("takes the first of a repeated header", () => {
  expect(readRetryAfterMs(["3", "9"], NOW_MS)).toBe(3000);
});
