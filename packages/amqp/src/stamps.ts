/**
 * Every group of accepted requests carries a stamp, so that a reader can prove that none is missing: per boot id the
 * sequences 1, 2, 3 … must all arrive (architecture.md 5.3). A number that certainly never reached the queue would look
 * like a loss; it is listed as voided in the stamps that follow, until one of these is confirmed.
 *
 * A sequence is: given out → confirmed | voided | in doubt. In doubt stays in doubt: it is neither voided nor given out
 * again, because the broker may still have taken it.
 */
export interface Stamp {
  /** One life of one process. */
  readonly bootId: string;
  readonly sequence: number;
  /** Number of envelopes in the group. */
  readonly count: number;
  /** Earlier sequences that never reached the queue, as inclusive ranges in ascending order. */
  readonly voided: readonly VoidedRange[];
}

export type VoidedRange = readonly [first: number, last: number];

/** Keeps the header far below amqplib's limit of 64 KiB; what is left over goes with a later stamp. */
const VOIDED_RANGES_MAX = 500;

export class StampBook {
  readonly #bootId: string;
  #last = 0;
  #voided: readonly VoidedRange[] = [];

  constructor(bootId: string) {
    this.#bootId = bootId;
  }

  /** The stamp of a group that is about to be written to the broker. A second try of the same group carries the same. */
  next(count: number): Stamp {
    this.#last += 1;
    return { bootId: this.#bootId, sequence: this.#last, count, voided: this.#voided.slice(0, VOIDED_RANGES_MAX) };
  }

  /** The group is in the queue, and with it the news of the voided sequences. */
  confirm(stamp: Stamp): void {
    if (stamp.voided.length > 0) this.#voided = subtractRanges(this.#voided, stamp.voided);
  }

  /** It is certain that the group is not in the queue and will not get there. */
  void(stamp: Stamp): void {
    this.#voided = addToRanges(this.#voided, stamp.sequence);
  }
}

/** As AMQP headers; snake_case like everything on the wire. */
export function stampHeaders(stamp: Stamp): Record<string, unknown> {
  return {
    stamp: {
      boot_id: stamp.bootId,
      sequence: stamp.sequence,
      count: stamp.count,
      ...(stamp.voided.length > 0 ? { voided: stamp.voided } : {}),
    },
  };
}

/** The ranges with one more number; neighbours are joined, so that a long refusal stays one range. */
export function addToRanges(ranges: readonly VoidedRange[], number: number): readonly VoidedRange[] {
  const before = ranges.filter(([, last]) => last < number - 1);
  const after = ranges.filter(([first]) => first > number + 1);
  const touching = ranges.filter(([first, last]) => last >= number - 1 && first <= number + 1);
  const first = Math.min(number, ...touching.map(([start]) => start));
  const last = Math.max(number, ...touching.map(([, end]) => end));
  return [...before, [first, last], ...after];
}

/** What is in `ranges` and not in `gone`. */
export function subtractRanges(ranges: readonly VoidedRange[], gone: readonly VoidedRange[]): readonly VoidedRange[] {
  let left = ranges;
  for (const [goneFirst, goneLast] of gone) {
    left = left.flatMap(([first, last]): VoidedRange[] => {
      if (last < goneFirst || first > goneLast) return [[first, last]];
      const kept: VoidedRange[] = [];
      if (first < goneFirst) kept.push([first, goneFirst - 1]);
      if (last > goneLast) kept.push([goneLast + 1, last]);
      return kept;
    });
  }
  return left;
}
