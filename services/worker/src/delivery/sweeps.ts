import type { MessageQueue } from "@sms-gateway/contracts";
import {
  countForgotten,
  type Database,
  dropExpiredIdempotencyKeys,
  dropOldParkedReports,
  expireLeases,
  expireOverdue,
} from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import type { WorkerMetrics } from "../metrics.ts";
import type { RepeatedTask } from "../repeat-task.ts";
import { keepPartitions } from "../start/prepare-database.ts";
import { observeChanges } from "./observe-changes.ts";

/** What sweeping needs. */
export interface SweepDeps {
  readonly db: Database;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
}

/** Rows of a table whose time may be over. */
export interface ExpiringRows {
  readonly name: string;
  /** Drops up to `limit` of them and answers how many. */
  readonly drop: (limit: number) => Promise<number>;
}

/** Rows of one statement; small enough to hold no lock for long. */
const SWEEP_MAX = 500;
/** Statements of one run. What is left comes with the next run, so that no sweep runs for ever. */
const ROUNDS_MAX = 20;
/** The same for what grows with every request: 100 000 rows a minute, above what a worker records. */
const DROP_ROUNDS_MAX = 200;
/** A report that has found no attempt for three days belongs to nothing of ours. */
const PARKED_MAX_MS = 3 * 24 * 3600 * 1000;
const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;
/** Time that the sweeps have after a deadline, leases and an outage's end included, before somebody must be told. */
const FORGOTTEN_AFTER_MS = 5 * MINUTE_MS;

/** Ends what has outlived its deadline or its lease: work of whoever dispatches. */
export function dispatchSweeps(deps: SweepDeps): RepeatedTask[] {
  return [
    { name: "expire_leases", everyMs: 5_000, run: (signal) => endLeases(deps, signal) },
    { name: "expire_overdue", everyMs: 1_000, run: (signal) => endOverdue(deps, signal) },
    { name: "idempotency_keys", everyMs: MINUTE_MS, run: (signal) => dropKeys(deps, signal) },
    { name: "watchdog", everyMs: MINUTE_MS, run: createWatchdog(deps) },
  ];
}

/** Keeps the tables in order: work of every worker, done by one at a time. */
export function upkeepSweeps({ db, logger }: SweepDeps): RepeatedTask[] {
  return [{ name: "partitions", everyMs: HOUR_MS, run: () => keepPartitions(db, logger) }];
}

/** Drops what has expired: work of every worker, in any order. */
export function expirySweeps(tables: readonly ExpiringRows[]): RepeatedTask[] {
  return tables.map(({ name, drop }) => ({
    name,
    everyMs: MINUTE_MS,
    run: async (signal) => {
      await dropInRounds(() => drop(SWEEP_MAX), signal);
    },
  }));
}

/** Drops reports that nobody knows anything about, loudly. */
export function parkedReportSweep({ db, metrics, logger }: SweepDeps): RepeatedTask {
  return {
    name: "old_parked_reports",
    everyMs: MINUTE_MS,
    run: async (signal) => {
      const dropped = await dropInRounds(() => dropOldParkedReports(db, PARKED_MAX_MS, SWEEP_MAX), signal);
      if (dropped === 0) return;
      metrics.failures.inc({ part: "parked_report_dropped" }, dropped);
      logger.warn({ event: "report.parked_dropped", count: dropped });
    },
  };
}

/** Shows how much waits in each queue. */
export function queueDepthTask(queue: Pick<MessageQueue, "depths">, metrics: WorkerMetrics): RepeatedTask {
  return {
    name: "queue_depths",
    everyMs: 5_000,
    run: async () => {
      const depths = await queue.depths();
      if (depths === undefined) return metrics.queueDepth.reset();
      for (const [name, depth] of Object.entries(depths)) metrics.queueDepth.set({ queue: name }, depth);
    },
  };
}

async function endLeases({ db, logger, metrics }: SweepDeps, signal?: AbortSignal): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX && signal?.aborted !== true; round += 1) {
    const { leases, changes } = await expireLeases(db, SWEEP_MAX);
    observeChanges(metrics, changes);
    for (const { messageId, attemptNumber, provider, account } of leases) {
      metrics.attempts.inc({ provider, outcome: "unknown" });
      const ids = { message_id: messageId, attempt: attemptNumber, provider, account };
      logger.warn({ event: "delivery.lease_over", ...ids }, "nobody has settled the attempt: its outcome is unknown");
    }
    if (leases.length < SWEEP_MAX) return;
  }
}

async function endOverdue({ db, metrics }: SweepDeps, signal?: AbortSignal): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX && signal?.aborted !== true; round += 1) {
    const changes = await expireOverdue(db, SWEEP_MAX);
    observeChanges(metrics, changes);
    if (changes.length < SWEEP_MAX) return;
  }
}

async function dropKeys({ db }: SweepDeps, signal?: AbortSignal): Promise<void> {
  await dropInRounds(() => dropExpiredIdempotencyKeys(db, SWEEP_MAX), signal);
}

/** Repeats a drop of up to `SWEEP_MAX` rows until nothing is left to drop, or the worker stops; answers how many were. */
async function dropInRounds(drop: () => Promise<number>, signal?: AbortSignal): Promise<number> {
  let total = 0;
  for (let round = 0; round < DROP_ROUNDS_MAX && signal?.aborted !== true; round += 1) {
    const dropped = await drop();
    total += dropped;
    if (dropped < SWEEP_MAX) break;
  }
  return total;
}

/**
 * Every message ends at its deadline; one that has not is a fault of ours that nothing else would show. The alarm needs
 * two looks in a row: the first one after an outage may come before the sweep that ends what is overdue.
 */
function createWatchdog({ db, logger, metrics }: SweepDeps): () => Promise<void> {
  let wasForgotten = false;
  return async () => {
    const { count, ids } = await countForgotten(db, FORGOTTEN_AFTER_MS);
    metrics.forgottenMessages.set(count);
    if (count > 0 && wasForgotten) {
      const fields = { event: "messages.forgotten", count, message_ids: ids };
      logger.error(fields, "messages have not ended at their deadline");
    }
    wasForgotten = count > 0;
  };
}
