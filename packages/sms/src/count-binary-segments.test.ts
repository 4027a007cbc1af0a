import { expect, test } from "vitest";
import { BINARY_UDH_BYTES_MAX, countBinarySegments } from "./index.ts";

test.each([
  [0, 0, 1],
  [140, 0, 1],
  [141, 0, 2],
  [268, 0, 2],
  [269, 0, 3],
  [133, 7, 1],
  [134, 7, 2],
  [256, 7, 2],
  [257, 7, 3],
  [6, 134, 1],
  [7, 134, 7],
])("%i octets with a header of %i octets take %i messages", (bytes, udhBytes, segments) => {
  expect(countBinarySegments(bytes, udhBytes)).toBe(segments);
});

test.each([
  [-1, 0],
  [1.5, 0],
  [Number.NaN, 0],
  [1, -1],
  [1, 0.5],
  [1, BINARY_UDH_BYTES_MAX + 1],
])("%d octets with a header of %d octets are refused", (bytes, udhBytes) => {
  expect(() => countBinarySegments(bytes, udhBytes)).toThrow(RangeError);
});
