import type { GroupStamp, SequenceRange } from "@sms-gateway/contracts";

/**
 * Which groups of one lane of one publisher's life have arrived. Every sequence is
 *
 *   unseen (above `highest`) → arrived, when its group is taken
 *                            → open (in a gap without `since`), when a later one is taken first
 *   open    → arrived; or void, when a stamp says that it was not confirmed
 *           → missing (in a gap with `since`), when a stamp says that its publishing has ended and does not call it void
 *   missing → arrived, however late; or void; or written off by an operator
 *   written off → arrived, however late
 *
 * Arrived and void are the end: a void group that arrives all the same is not counted. A sequence that is missing for long is
 * a lost group: the publisher has said that it was confirmed. One that stays open is nothing: its publisher has ended, or has
 * nothing more to say. A publisher's first sequence is 1, so a gap before the first that is seen is one as well. What came
 * after the last that was seen can be missing without a trace.
 */
export interface AcceptedMark {
  readonly highest: number;
  /** In ascending order, all below `highest`; the open ones last. At most 1 000, see `limitGaps`. */
  readonly gaps: readonly MarkGap[];
}

/** Consecutive sequences that have not arrived. */
export interface MarkGap {
  readonly first: number;
  readonly last: number;
  /** Since when it is known that they must arrive, by the database's clock; `null`: it is not known. */
  readonly since: Date | null;
  /** The alarm has been raised, or will never be. */
  readonly reported: boolean;
  /** When an operator has written them off. */
  readonly writtenOffAt: Date | null;
}

/** A gap of groups that must arrive. */
export type MissingGap = MarkGap & { readonly since: Date };

/** What a stamp has changed. */
export interface Arrival {
  readonly mark: AcceptedMark;
  /** Whether the group has not been taken before, and is not void. */
  readonly isNew: boolean;
  /** Reported as missing, and not missing any more. */
  readonly late: readonly MissingGap[];
}

/** Far above what workers that take groups side by side leave open between them. */
const GAPS_MAX = 1_000;

/** Notes that the group with this stamp was taken. */
export function noteArrival(
  mark: AcceptedMark,
  { sequence, settled, voided }: Pick<GroupStamp, "sequence" | "settled" | "voided">,
  now: Date,
): Arrival {
  const isAhead = sequence > mark.highest;
  const isAwaited = mark.gaps.some(({ first, last }) => first <= sequence && sequence <= last);
  const opened: MarkGap[] =
    sequence > mark.highest + 1
      ? [{ first: mark.highest + 1, last: sequence - 1, since: null, reported: false, writtenOffAt: null }]
      : [];
  // All that is void comes before the sequence.
  const { left, cut } = cutGaps([...mark.gaps, ...opened], [...voided, [sequence, sequence]]);
  const gaps = limitGaps(settleGaps(left, settled, now));
  return {
    mark: { highest: Math.max(mark.highest, sequence), gaps },
    isNew: isAhead || isAwaited,
    late: cut.filter(isMissing).filter(({ reported }) => reported),
  };
}

/** Writes off what is missing between two sequences, both inclusive: it is not missed any more. */
export function writeOff(
  { highest, gaps }: AcceptedMark,
  range: SequenceRange,
  now: Date,
): { readonly mark: AcceptedMark; readonly writtenOff: readonly MissingGap[] } {
  const { left, cut } = cutGaps(gaps, [range]);
  const changed = cut.map((gap) => (isMissing(gap) ? { ...gap, reported: true, writtenOffAt: now } : gap));
  const all = [...left, ...changed].sort((a, b) => a.first - b.first);
  return { mark: { highest, gaps: all }, writtenOff: cut.filter(isMissing) };
}

function isMissing(gap: MarkGap): gap is MissingGap {
  return gap.since !== null && gap.writtenOffAt === null;
}

/** What is open up to `settled` must arrive, from now on. */
function settleGaps(gaps: readonly MarkGap[], settled: number, now: Date): readonly MarkGap[] {
  const firstOpen = gaps.findIndex(({ since, first }) => since === null && first <= settled);
  if (firstOpen === -1) return gaps;
  return [...gaps.slice(0, firstOpen), ...gaps.slice(firstOpen).flatMap((gap) => settleGap(gap, settled, now))];
}

function settleGap(gap: MarkGap, settled: number, now: Date): MarkGap[] {
  if (gap.since !== null || gap.first > settled) return [gap];
  if (gap.last <= settled) return [{ ...gap, since: now }];
  return [
    { ...gap, last: settled, since: now },
    { ...gap, first: settled + 1 },
  ];
}

/** What is left of the gaps without these ranges, and what of them was in one; both ascending, in one pass. */
function cutGaps(
  gaps: readonly MarkGap[],
  ranges: readonly SequenceRange[],
): { readonly left: readonly MarkGap[]; readonly cut: readonly MarkGap[] } {
  const left: MarkGap[] = [];
  const cut: MarkGap[] = [];
  let at = 0;
  for (const gap of gaps) {
    let { first } = gap;
    for (let range = ranges[at]; range !== undefined && range[0] <= gap.last; range = ranges[at]) {
      const [start, end] = range;
      if (first < start) left.push({ ...gap, first, last: start - 1 });
      if (end >= first) cut.push({ ...gap, first: Math.max(first, start), last: Math.min(gap.last, end) });
      first = Math.max(first, end + 1);
      // It may reach into the next.
      if (end > gap.last) break;
      at += 1;
    }
    if (first <= gap.last) left.push({ ...gap, first });
  }
  return { left, cut };
}

/**
 * Something is very wrong where a mark has so many gaps; it must not grow without a bound. Written off ones are forgotten;
 * then the oldest missing ones become one, which also covers what has arrived between them: the loss is shown, and shown too
 * large; where none is missing the oldest open ones are forgotten.
 */
function limitGaps(gaps: readonly MarkGap[]): readonly MarkGap[] {
  if (gaps.length <= GAPS_MAX) return gaps;
  const kept = gaps.filter(({ writtenOffAt }) => writtenOffAt === null);
  const excess = kept.length - GAPS_MAX;
  if (excess <= 0) return kept;
  const missing = kept.slice(0, excess + 1).filter(isMissing);
  const [oldest] = missing;
  if (oldest === undefined) return kept.slice(excess);
  return [{ ...oldest, last: missing.at(-1)?.last ?? oldest.last }, ...kept.slice(excess + 1)];
}
