import type { MarkGap } from "./accepted-mark.ts";

/** A gap in the form in which the table holds it. */
export interface StoredGap {
  first: number;
  last: number;
  since: string;
  reported: boolean;
}

export function readGaps(stored: readonly StoredGap[]): MarkGap[] {
  return stored.map(({ first, last, since, reported }) => ({ first, last, since: new Date(since), reported }));
}

export function writeGaps(gaps: readonly MarkGap[]): StoredGap[] {
  return gaps.map(({ first, last, since, reported }) => ({ first, last, since: since.toISOString(), reported }));
}
