import type { SequenceRange } from "./ports/message-queue.ts";

/** The ranges with one more number; neighbours are joined, so that a long refusal stays one range. */
export function addToRanges(ranges: readonly SequenceRange[], number: number): readonly SequenceRange[] {
  const before = ranges.filter(([, last]) => last < number - 1);
  const after = ranges.filter(([first]) => first > number + 1);
  const touching = ranges.filter(([first, last]) => last >= number - 1 && first <= number + 1);
  const first = Math.min(number, ...touching.map(([start]) => start));
  const last = Math.max(number, ...touching.map(([, end]) => end));
  return [...before, [first, last], ...after];
}

/** What is in `ranges` and not in `gone`. */
export function subtractRanges(
  ranges: readonly SequenceRange[],
  gone: readonly SequenceRange[],
): readonly SequenceRange[] {
  let left = ranges;
  for (const [goneFirst, goneLast] of gone) {
    left = left.flatMap(([first, last]): SequenceRange[] => {
      if (last < goneFirst || first > goneLast) return [[first, last]];
      const kept: SequenceRange[] = [];
      if (first < goneFirst) kept.push([first, goneFirst - 1]);
      if (last > goneLast) kept.push([goneLast + 1, last]);
      return kept;
    });
  }
  return left;
}
