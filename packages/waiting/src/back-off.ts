/** How pauses between tries grow: the step doubles with each failure in a row, from `firstMs` to `capMs`. */
export interface BackOff {
  readonly firstMs: number;
  readonly capMs: number;
}

/**
 * A wait of 0 up to the step for this number of failures in a row (1 is the first), in milliseconds: spreads those who
 * lost the same server at the same moment.
 */
export function fullJitterMs(backOff: BackOff, failures: number, random: () => number = Math.random): number {
  return Math.round(stepMs(backOff, failures) * random());
}

/** A wait of half the step up to the whole, in milliseconds: for one who retries alone and should not hurry. */
export function halfJitterMs(backOff: BackOff, failures: number, random: () => number = Math.random): number {
  return Math.round(stepMs(backOff, failures) * (0.5 + random() / 2));
}

function stepMs({ firstMs, capMs }: BackOff, failures: number): number {
  // 2^30 is far beyond every cap; a larger exponent would only end in Infinity.
  return Math.min(capMs, firstMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
}
