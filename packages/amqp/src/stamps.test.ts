import fc from "fast-check";
import { expect, test } from "vitest";
import { addToRanges, StampBook, subtractRanges, type VoidedRange } from "./stamps.ts";

const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 40 }));
const toRanges = (set: readonly number[]): readonly VoidedRange[] =>
  set.reduce<readonly VoidedRange[]>((ranges, number) => addToRanges(ranges, number), []);
const toNumbers = (ranges: readonly VoidedRange[]): number[] =>
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

/** Up to three groups under way at a time, ending in any order; a group in doubt may still arrive. */
const groups = fc.array(
  fc.record({
    slot: fc.nat(2),
    ends: fc.constantFrom("confirmed", "voided", "lost in doubt", "arrived in doubt"),
  }),
  { maxLength: 40 },
);

test("a reader misses exactly the groups in doubt that never arrived", () => {
  fc.assert(
    fc.property(groups, (plan) => {
      const book = new StampBook("boot");
      const seen = new Set<number>();
      const missing = new Set<number>();
      const underWay = new Map<number, () => void>();
      const begin = (ends: string) => {
        const stamp = book.next(1);
        return () => {
          if (ends === "voided") book.void(stamp);
          if (ends === "lost in doubt") missing.add(stamp.sequence);
          if (ends === "confirmed") book.confirm(stamp);
          if (ends === "voided" || ends === "lost in doubt") return;
          for (const sequence of [stamp.sequence, ...toNumbers(stamp.voided)]) seen.add(sequence);
        };
      };
      for (const { slot, ends } of plan) {
        underWay.get(slot)?.();
        underWay.set(slot, begin(ends));
      }
      for (const end of underWay.values()) end();
      // One more that is confirmed brings what was not yet told.
      begin("confirmed")();
      const all = Array.from({ length: plan.length + 1 }, (_, index) => index + 1);
      expect(all.filter((sequence) => !seen.has(sequence))).toEqual([...missing].toSorted((a, b) => a - b));
    }),
  );
});

test("a long refusal stays one range", () => {
  const book = new StampBook("boot");
  for (let count = 0; count < 1000; count += 1) book.void(book.next(1));
  expect(book.next(7)).toEqual({ bootId: "boot", sequence: 1001, count: 7, voided: [[1, 1000]] });
});
