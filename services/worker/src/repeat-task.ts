import type { Logger } from "@sms-gateway/runtime";
import type { WorkerMetrics } from "./metrics.ts";

/** A job of the worker that runs again and again. */
export interface RepeatedTask {
  /** Part of the worker, for log lines and the failure counter. */
  readonly name: string;
  /** Pause between the end of one run and the start of the next, in ms. */
  readonly everyMs: number;
  /** One run, bounded in itself. What it throws is logged and counted, and the next run comes all the same. */
  run(): Promise<void>;
}

export interface RunningTask {
  /** Starts no further run and waits for the one that is under way. */
  stop(): Promise<void>;
}

/** During an outage every run fails; a line per minute says that it goes on. */
const FAILURE_LINE_EVERY_MS = 60_000;

/** Runs the task now and then every `everyMs`, never two runs at a time. */
export function repeatTask(
  { name, everyMs, run }: RepeatedTask,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: WorkerMetrics },
): RunningTask {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let failingSince: number | undefined;
  let saidAt = 0;

  function noteFailure(err: unknown): void {
    metrics.failures.inc({ part: name });
    const now = performance.now();
    failingSince ??= now;
    if (saidAt !== 0 && now - saidAt < FAILURE_LINE_EVERY_MS) return;
    saidAt = now;
    logger.warn({ event: "task.failed", task: name, failing_for_ms: Math.round(now - failingSince), err });
  }

  function noteSuccess(): void {
    if (failingSince === undefined) return;
    logger.info({
      event: "task.recovered",
      task: name,
      failed_for_ms: Math.round(performance.now() - failingSince),
    });
    failingSince = undefined;
    saidAt = 0;
  }

  async function runOnce(): Promise<void> {
    try {
      await run();
      noteSuccess();
    } catch (error) {
      noteFailure(error);
    }
    if (!stopped) timer = setTimeout(startRun, everyMs);
  }

  let underWay: Promise<void> = runOnce();
  function startRun(): void {
    underWay = runOnce();
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await underWay;
      clearTimeout(timer);
    },
  };
}
