import type { Logger } from "@sms-gateway/runtime";
import type { WorkerMetrics } from "./metrics.ts";

/** Where the failures of one part go: each is counted, and a line per minute says that it goes on. */
export interface OutageLog {
  failed(error: unknown): void;
  /** The part works; says so once when it did not before. */
  worked(): void;
}

const LINE_EVERY_MS = 60_000;

/** @param part of the worker, as the failure counter and the log lines name it. */
export function createOutageLog(
  part: string,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: WorkerMetrics },
): OutageLog {
  let since: number | undefined;
  let saidAt = 0;
  return {
    failed(err) {
      metrics.failures.inc({ part });
      const now = performance.now();
      if (since !== undefined && now - saidAt < LINE_EVERY_MS) return;
      since ??= now;
      saidAt = now;
      logger.warn({ event: "part.failed", part, failing_for_ms: Math.round(now - since), err });
    },
    worked() {
      if (since === undefined) return;
      logger.info({ event: "part.recovered", part, failed_for_ms: Math.round(performance.now() - since) });
      since = undefined;
    },
  };
}
