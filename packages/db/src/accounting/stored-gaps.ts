import type { MarkGap } from "./accepted-mark.ts";

/** A gap in the form in which the table holds it. */
export interface StoredGap {
  first: number;
  last: number;
  since: string | null;
  reported: boolean;
  written_off_at?: string;
}

export function readGaps(stored: readonly StoredGap[]): MarkGap[] {
  return stored.map(({ first, last, since, reported, written_off_at: writtenOffAt }) => ({
    first,
    last,
    since: since === null ? null : new Date(since),
    reported,
    writtenOffAt: writtenOffAt === undefined ? null : new Date(writtenOffAt),
  }));
}

export function writeGaps(gaps: readonly MarkGap[]): StoredGap[] {
  return gaps.map(({ first, last, since, reported, writtenOffAt }) => ({
    first,
    last,
    since: since?.toISOString() ?? null,
    reported,
    ...(writtenOffAt === null ? {} : { written_off_at: writtenOffAt.toISOString() }),
  }));
}
