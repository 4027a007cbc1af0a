import type { SequenceRange } from "./ports/message-queue.ts";

/** The ranges with one more number; neighbours are joined, so that a long refusal stays one range. */
export function addToRanges(ranges: readonly SequenceRange[], number: number): readonly SequenceRange[] {
  const before = ranges.filter(([, last]) => last < number - 1);
  const after = ranges.filter(([first]) => first > number + 1);
  const touching = ranges.slice(before.length, ranges.length - after.length);
  const first = Math.min(number, touching[0]?.[0] ?? number);
  const last = Math.max(number, touching.at(-1)?.[1] ?? number);
  return [...before, [first, last], ...after];
}

/** What is in `ranges` and not in `gone`, both ascending; in one pass over both. */
export function subtractRanges(
  ranges: readonly SequenceRange[],
  gone: readonly SequenceRange[],
): readonly SequenceRange[] {
  const left: SequenceRange[] = [];
  let at = 0;
  for (const [start, last] of ranges) {
    let first = start;
    for (let range = gone[at]; range !== undefined && range[0] <= last; range = gone[at]) {
      if (first < range[0]) left.push([first, range[0] - 1]);
      first = Math.max(first, range[1] + 1);
      // It may reach into the next.
      if (range[1] > last) break;
      at += 1;
    }
    if (first <= last) left.push([first, last]);
  }
  return left;
}
