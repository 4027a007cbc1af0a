import {
  countAccountingDay,
  type Database,
  dropOldAcceptedMarks,
  listMissingBatches,
  sumUnaccounted,
  takeMissingBatches,
} from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import type { WorkerMetrics } from "../metrics.ts";
import type { RepeatedTask } from "../repeat-task.ts";

/** What watching over the accounting needs. */
export interface AccountingSweepDeps {
  readonly db: Database;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  /** How long a group may be missing, in ms. */
  readonly lostAfterMs: number;
}

const MISSING_EVERY_MS = 15_000;
const DAY_MS = 24 * 3600 * 1000;
/** A day's count reads its part of an index: about a second per five million messages. */
const COUNT_EVERY_MS = 3 * 60 * 1000;
const DROP_EVERY_MS = 3600 * 1000;
const DROPPED_MAX = 1_000;

/** Raises the alarm for what is lost: each loss is logged by one worker, and shown by the metrics of all. */
export function accountingSweeps(deps: AccountingSweepDeps): RepeatedTask[] {
  return [
    { name: "missing_batches", everyMs: MISSING_EVERY_MS, run: () => watchMarks(deps) },
    { name: "accounting_days", everyMs: COUNT_EVERY_MS, run: () => watchDays(deps) },
    {
      name: "accepted_marks",
      everyMs: DROP_EVERY_MS,
      run: async () => {
        await dropOldAcceptedMarks(deps.db, DROPPED_MAX);
      },
    },
  ];
}

async function watchMarks({ db, metrics, logger, lostAfterMs }: AccountingSweepDeps): Promise<void> {
  for (const { bootId, lane, first, last, since } of await takeMissingBatches(db, lostAfterMs)) {
    metrics.failures.inc({ part: "accounting_batch_lost" }, last - first + 1);
    const fields = { event: "accounting.batch_lost", boot_id: bootId, lane, first, last, since };
    logger.error(fields, "groups of accepted requests that were confirmed have not arrived although later ones have");
  }
  const missing = await listMissingBatches(db, lostAfterMs);
  metrics.missingBatches.set(missing.reduce((sum, { first, last }) => sum + last - first + 1, 0));
}

/** Today and yesterday: what was accepted before midnight may be recorded after it. */
async function watchDays({ db, metrics, logger }: AccountingSweepDeps): Promise<void> {
  const days = [0, 1].map((ago) => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10));
  for (const day of days) {
    // Half of the time between runs: of several workers each finds that another has just counted.
    const counted = await countAccountingDay(db, day, COUNT_EVERY_MS / 2);
    if (counted === undefined || counted.unaccounted === 0 || counted.unaccounted === counted.unaccountedBefore)
      continue;
    const { announced, recorded, repeated, aliases, deadLetters, rows, unaccounted } = counted;
    const counts = { announced, recorded, repeated, aliases, dead_letters: deadLetters, rows };
    logger.error(
      { event: "accounting.mismatch", day, unaccounted, ...counts },
      "messages that were announced are unaccounted for, or recorded ones are gone",
    );
  }
  metrics.accountingDifference.set(await sumUnaccounted(db, days));
}
