import fc from "fast-check";
import { expect, test } from "vitest";
import type { SequenceRange } from "./ports/message-queue.ts";
import { addToRanges, subtractRanges } from "./sequence-ranges.ts";

const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 40 }));
const toRanges = (set: readonly number[]): readonly SequenceRange[] =>
  set.reduce<readonly SequenceRange[]>((ranges, number) => addToRanges(ranges, number), []);
const toNumbers = (ranges: readonly SequenceRange[]): number[] =>
  ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index));

test("ranges hold what was added, ascending and joined", () => {
  fc.assert(
    fc.property(numbers, (set) => {
      const ranges = toRanges(set);
      expect(toNumbers(ranges)).toEqual(set.toSorted((a, b) => a - b));
      for (const [index, [first]] of ranges.entries()) {
        const before = ranges[index - 1];
        if (before !== undefined) expect(first).toBeGreaterThan(before[1] + 1);
      }
    }),
  );
});

test("ranges lose what is subtracted", () => {
  fc.assert(
    fc.property(numbers, numbers, (set, gone) => {
      const left = set.filter((number) => !gone.includes(number)).toSorted((a, b) => a - b);
      expect(toNumbers(subtractRanges(toRanges(set), toRanges(gone)))).toEqual(left);
    }),
  );
});
