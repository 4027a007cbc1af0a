import type { ConsumeOptions } from "@sms-gateway/contracts";
import type { Logger } from "@sms-gateway/runtime";
import type { WorkerMetrics } from "../metrics.ts";

type Problem = Parameters<ConsumeOptions<unknown>["onProblem"]>[0];

/** Told of a consumer's failures and dead letters; `part` is the consumer. */
export type ProblemReport = (part: string, problem: Problem) => void;

/** Logs and counts what goes wrong in consumers. A failed batch comes again; a dead letter is put aside for good. */
export function createProblemReport(logger: Logger, metrics: WorkerMetrics): ProblemReport {
  return (part, { error, deadLetter }) => {
    if (deadLetter !== undefined) {
      metrics.failures.inc({ part: `${part}_dead_letter` });
      logger.error({ event: "queue.dead_letter", part, queue: deadLetter.queue, problem: deadLetter.problem });
      return;
    }
    metrics.failures.inc({ part });
    logger.warn({ event: "queue.take_failed", part, err: error });
  };
}
