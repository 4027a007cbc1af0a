import type { Logger } from "@sms-gateway/runtime";
import type { WorkerMetrics } from "./metrics.ts";
import { createOutageLog } from "./outage-log.ts";

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

/** Runs the task now and then every `everyMs`, never two runs at a time. */
export function repeatTask(
  { name, everyMs, run }: RepeatedTask,
  deps: { readonly logger: Logger; readonly metrics: WorkerMetrics },
): RunningTask {
  const outages = createOutageLog(name, deps);
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function runOnce(): Promise<void> {
    try {
      await run();
      outages.worked();
    } catch (error) {
      outages.failed(error);
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
    },
  };
}
