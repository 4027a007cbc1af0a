import type { Lane, SequenceRange } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { laneNumber } from "../lane-number.ts";
import { KEEP_GAPS } from "../sql/keep-gaps.ts";
import { LOCK_GAPS } from "../sql/lock-gaps.ts";
import { inTransaction, runStatement } from "../transaction.ts";
import { writeOff } from "./accepted-mark.ts";
import { readGaps, type StoredGap, writeGaps } from "./stored-gaps.ts";

/** Groups of one lane of one publisher's life. */
export interface BatchRange {
  readonly bootId: string;
  readonly lane: Lane;
  /** Sequences, both inclusive. */
  readonly first: number;
  readonly last: number;
}

/**
 * Writes off what is missing among these groups: an operator knows what became of it. It is not missed any more; what
 * arrives of it later all the same is counted. Answers what was missing among them.
 */
export async function writeOffBatches(
  db: Database,
  { bootId, lane, first, last }: BatchRange,
): Promise<readonly SequenceRange[]> {
  return await inTransaction(db, async (tx) => {
    const values = [bootId, laneNumber(lane)];
    const [row] = await runStatement<{ highest: string; gaps: StoredGap[]; now: Date }>(tx, LOCK_GAPS, values);
    if (row === undefined) return [];
    const { mark, writtenOff } = writeOff(
      { highest: Number(row.highest), gaps: readGaps(row.gaps) },
      [first, last],
      row.now,
    );
    await runStatement(tx, KEEP_GAPS, [...values, JSON.stringify(writeGaps(mark.gaps))]);
    return writtenOff.map(({ first, last }): SequenceRange => [first, last]);
  });
}
