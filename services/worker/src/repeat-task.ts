import type { Logger } from "@sms-gateway/runtime";
import { endsWithin } from "./ends-within.ts";
import type { WorkerMetrics } from "./metrics.ts";
import { createOutageLog } from "./outage-log.ts";

/** A job of the worker that runs again and again. */
export interface RepeatedTask {
  /** Part of the worker, for log lines and the failure counter. */
  readonly name: string;
  /** Pause between the end of one run and the start of the next, in ms. */
  readonly everyMs: number;
  /**
   * One run, bounded in itself. What it throws is logged and counted, and the next run comes all the same.
   *
   * @param signal aborted when the worker stops: what has many steps ends after the one that is under way.
   */
  run(signal?: AbortSignal): Promise<void>;
}

export interface RunningTask {
  /**
   * Starts no further run, tells the one that is under way to end, and waits for it for `deadlineMs` at most. Says whether it
   * has ended; if not, the end of the database's connections ends it.
   */
  stop(deadlineMs: number): Promise<boolean>;
}

/** Runs the task now and then every `everyMs`, never two runs at a time. */
export function repeatTask(
  { name, everyMs, run }: RepeatedTask,
  deps: { readonly logger: Logger; readonly metrics: WorkerMetrics },
): RunningTask {
  const outages = createOutageLog(name, deps);
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  async function runOnce(): Promise<void> {
    try {
      await run(abort.signal);
      outages.worked();
    } catch (error) {
      outages.failed(error);
    }
    if (!abort.signal.aborted) timer = setTimeout(startRun, everyMs);
  }

  let underWay: Promise<void> = runOnce();
  function startRun(): void {
    underWay = runOnce();
  }

  return {
    async stop(deadlineMs) {
      abort.abort();
      clearTimeout(timer);
      return await endsWithin(underWay, deadlineMs);
    },
  };
}
