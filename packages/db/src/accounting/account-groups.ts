import type { GroupStamp, Lane } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { laneNumber } from "../lane-number.ts";
import { KEEP_ACCOUNTING } from "../sql/keep-accounting.ts";
import { LOCK_ACCEPTED_MARKS } from "../sql/lock-accepted-marks.ts";
import { inTransaction, runStatement, type Transaction } from "../transaction.ts";
import { type AcceptedMark, noteArrival } from "./accepted-mark.ts";
import type { MissingBatch } from "./missing-batches.ts";
import { readGaps, type StoredGap, writeGaps } from "./stored-gaps.ts";

/** What became of the messages that one group has announced for one day. */
export interface DayCounts {
  readonly announced: number;
  readonly recorded: number;
  readonly repeated: number;
  readonly aliases: number;
  readonly dead: number;
}

/** A group that has been taken. */
export interface TakenStamp {
  readonly stamp: GroupStamp;
  /** By UTC day, `YYYY-MM-DD`. */
  readonly days: ReadonlyMap<string, DayCounts>;
}

/** What accounting has changed. */
export interface Accounted {
  /** Those of the groups that were not accounted for before. */
  readonly counted: readonly TakenStamp[];
  /** Groups that were reported as missing, and are not any more. */
  readonly late: readonly MissingBatch[];
}

/**
 * Keeps that these groups have arrived, and adds what became of their messages to their days; a group counts once, however
 * often it comes (architecture.md 5.3).
 *
 * It is a transaction of its own, after those that record the group's messages and before the group is acknowledged: the
 * row of the day is one for all workers, and so it is held for the time of one commit, not of a batch. The trade:
 *
 *   the process dies before it      the group comes again; its messages are there already and count as `repeated`
 *   the process dies after it       the group comes again, is known, and is not counted again
 *   the group does not come again   then it was acknowledged, so this had been committed
 *
 * So a crash makes no difference and hides none: `repeated` is counted only for what is in the database under the same
 * seed. Marks are locked in the order of boot ids, days come after them (roll-ups, 5.8).
 *
 * @throws DatabaseUnavailableError when the database is away: hand over the same groups again later.
 */
export async function accountGroups(db: Database, lane: Lane, groups: readonly TakenStamp[]): Promise<Accounted> {
  if (groups.length === 0) return { counted: [], late: [] };
  return await inTransaction(db, (tx) => accountInOrder(tx, lane, groups));
}

interface MarkRow {
  boot_id: string;
  /** Bigint, as the driver gives it. */
  highest: string;
  gaps: StoredGap[];
  now: Date;
}

async function accountInOrder(tx: Transaction, lane: Lane, groups: readonly TakenStamp[]): Promise<Accounted> {
  const bootIds = [...new Set(groups.map(({ stamp }) => stamp.bootId))].sort();
  const locked = await runStatement<MarkRow>(tx, LOCK_ACCEPTED_MARKS, [
    JSON.stringify(bootIds.map((bootId) => ({ boot_id: bootId }))),
    laneNumber(lane),
  ]);
  const marks = new Map<string, AcceptedMark>();
  const counted: TakenStamp[] = [];
  const late: MissingBatch[] = [];
  for (const { boot_id: bootId, highest, gaps, now } of locked) {
    let mark: AcceptedMark = { highest: Number(highest), gaps: readGaps(gaps) };
    for (const group of groups.filter(({ stamp }) => stamp.bootId === bootId)) {
      const arrival = noteArrival(mark, group.stamp, now);
      mark = arrival.mark;
      if (arrival.isNew) counted.push(group);
      late.push(...arrival.late.map(({ first, last, since }) => ({ bootId, lane, first, last, since })));
    }
    marks.set(bootId, mark);
  }
  const rows = [...marks].map(([bootId, { highest, gaps }]) => ({ boot_id: bootId, highest, gaps: writeGaps(gaps) }));
  const values = [JSON.stringify(rows), laneNumber(lane), JSON.stringify(sumDays(counted))];
  await runStatement(tx, KEEP_ACCOUNTING, values);
  return { counted, late };
}

function sumDays(groups: readonly TakenStamp[]): ({ day: string } & DayCounts)[] {
  const sums = new Map<string, DayCounts>();
  for (const [day, counts] of groups.flatMap(({ days }) => [...days])) {
    const sum = sums.get(day) ?? { announced: 0, recorded: 0, repeated: 0, aliases: 0, dead: 0 };
    sums.set(day, {
      announced: sum.announced + counts.announced,
      recorded: sum.recorded + counts.recorded,
      repeated: sum.repeated + counts.repeated,
      aliases: sum.aliases + counts.aliases,
      dead: sum.dead + counts.dead,
    });
  }
  return [...sums].map(([day, counts]) => ({ day, ...counts }));
}
