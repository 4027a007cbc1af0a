import type { GroupStamp, SequenceRange } from "@sms-gateway/contracts";

/**
 * Which groups of one lane of one publisher's life have arrived. Every sequence is
 *
 *   unseen (above `highest`) → arrived, when its group is taken
 *                            → missing (in a gap), when a later one is taken first
 *   missing → arrived, however late; or void, when a later stamp says that it never reached the queue
 *
 * Arrived and void are the end. A sequence that is missing for long is a lost group. A publisher's first sequence is 1, so a
 * gap before the first that is seen is one as well. What came after the last that was seen can be missing without a trace.
 */
export interface AcceptedMark {
  readonly highest: number;
  /** In ascending order, all below `highest`. */
  readonly gaps: readonly MarkGap[];
}

/** Consecutive sequences that are missing. */
export interface MarkGap {
  readonly first: number;
  readonly last: number;
  /** When a later one was taken, by the database's clock. */
  readonly since: Date;
  /** The alarm has been raised. */
  readonly reported: boolean;
}

/** What a stamp has changed. */
export interface Arrival {
  readonly mark: AcceptedMark;
  /** Whether the group has not been taken before. */
  readonly isNew: boolean;
  /** Reported as missing, and not missing any more. */
  readonly late: readonly MarkGap[];
}

/** Notes that the group with this stamp was taken. */
export function noteArrival(
  mark: AcceptedMark,
  { sequence, voided }: Pick<GroupStamp, "sequence" | "voided">,
  now: Date,
): Arrival {
  const isAhead = sequence > mark.highest;
  const opened =
    sequence > mark.highest + 1 ? [{ first: mark.highest + 1, last: sequence - 1, since: now, reported: false }] : [];
  const isMissing = mark.gaps.some(({ first, last }) => first <= sequence && sequence <= last);
  let gaps: readonly MarkGap[] = [...mark.gaps, ...opened];
  const late: MarkGap[] = [];
  for (const range of [[sequence, sequence] as const, ...voided]) {
    const cut = cutGaps(gaps, range);
    gaps = cut.left;
    late.push(...cut.closed.filter(({ reported }) => reported));
  }
  return { mark: { highest: Math.max(mark.highest, sequence), gaps }, isNew: isAhead || isMissing, late };
}

/** What is left of the gaps without this range, and what of them was in it. */
function cutGaps(
  gaps: readonly MarkGap[],
  [start, end]: SequenceRange,
): { readonly left: readonly MarkGap[]; readonly closed: readonly MarkGap[] } {
  const left: MarkGap[] = [];
  const closed: MarkGap[] = [];
  for (const gap of gaps) {
    const { first, last } = gap;
    if (last < start || first > end) {
      left.push(gap);
      continue;
    }
    if (first < start) left.push({ ...gap, last: start - 1 });
    closed.push({ ...gap, first: Math.max(first, start), last: Math.min(last, end) });
    if (last > end) left.push({ ...gap, first: end + 1 });
  }
  return { left, closed };
}
