import type { Lane } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { laneAt } from "../lane-number.ts";
import { LIST_MISSING_BATCHES } from "../sql/list-missing-batches.ts";
import { REPORT_MISSING_BATCHES } from "../sql/report-missing-batches.ts";
import { runStatement } from "../transaction.ts";
import { readGaps, type StoredGap } from "./stored-gaps.ts";

/** Consecutive groups of one lane of one publisher that have not arrived. */
export interface MissingBatch {
  /** One life of one process that publishes. */
  readonly bootId: string;
  readonly lane: Lane;
  /** Sequences, both inclusive. */
  readonly first: number;
  readonly last: number;
  /** When it became known that they must arrive: a later one has, which says that they were confirmed. */
  readonly since: Date;
}

/** More than this are not listed one by one. */
const LISTED_MAX = 1_000;
/** Marks of one run. */
const REPORTED_MAX = 100;

/** Groups that are missing for longer than `afterMs`, oldest first, 1 000 at most; with `until` those since before it. */
export async function listMissingBatches(db: Database, afterMs: number, until?: Date): Promise<MissingBatch[]> {
  const values = [afterMs, until ?? null, LISTED_MAX];
  const rows = await runStatement<{ boot_id: string; lane: number; first: string; last: string; since: Date }>(
    db,
    LIST_MISSING_BATCHES,
    values,
  );
  return rows.map(({ boot_id: bootId, lane, first, last, since }) => ({
    bootId,
    lane: laneAt(lane),
    first: Number(first),
    last: Number(last),
    since,
  }));
}

/** Groups that are missing for longer than `afterMs` and that no call has answered before, whoever made it. */
export async function takeMissingBatches(db: Database, afterMs: number): Promise<MissingBatch[]> {
  const rows = await runStatement<{ boot_id: string; lane: number; gaps: StoredGap[]; until: Date }>(
    db,
    REPORT_MISSING_BATCHES,
    [afterMs, REPORTED_MAX],
  );
  return rows.flatMap(({ boot_id: bootId, lane, gaps, until }) =>
    readGaps(gaps)
      .filter(({ reported }) => !reported)
      .flatMap(({ first, last, since }) =>
        since !== null && since <= until ? [{ bootId, lane: laneAt(lane), first, last, since }] : [],
      ),
  );
}
