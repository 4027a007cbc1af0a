import type { Consumption, MessageQueue } from "@sms-gateway/contracts";
import { type Database, keepDeadLetters } from "@sms-gateway/db";
import type { WorkerMetrics } from "../metrics.ts";
import type { ProblemReport } from "./report-problem.ts";

/** What the consumer of dead letters needs. */
export interface KeepDeadLettersDeps {
  readonly db: Database;
  readonly queue: Pick<MessageQueue, "consumeDead">;
  readonly metrics: WorkerMetrics;
  readonly onProblem: ProblemReport;
}

/** Each may have 1 MiB, and they are rare. */
const BATCH_MAX = 20;

/**
 * Brings dead letters where operators find them: the database, in every shape. They are acknowledged once that has them.
 * Whoever could not read one has logged it already.
 */
export async function consumeDeadLetters(deps: KeepDeadLettersDeps): Promise<Consumption> {
  return await deps.queue.consumeDead({
    batchMax: BATCH_MAX,
    take: async (letters) => {
      const queues = await keepDeadLetters(deps.db, letters);
      deps.metrics.deadLetterActions.inc({ action: "kept" }, queues.length);
      for (const queue of queues) deps.metrics.deadLetters.inc({ queue });
    },
    onProblem: (problem) => deps.onProblem("dead_letters", problem),
  });
}
