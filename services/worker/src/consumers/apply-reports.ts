import type { Consumption, MessageQueue, ReportEnvelope } from "@sms-gateway/contracts";
import type { ApplyReportsDeps } from "../reports/apply-reports.ts";
import { takeReports } from "../reports/match-reports.ts";
import { type ReadReportsDeps, readReports } from "../reports/read-reports.ts";
import type { ProblemReport } from "./report-problem.ts";

/** What the consumer of callbacks needs. */
export interface ConsumeReportsDeps extends ApplyReportsDeps, ReadReportsDeps {
  readonly queue: Pick<MessageQueue, "consumeReports">;
  readonly onProblem: ProblemReport;
}

/** So many are applied in one statement, or those of one group where they are more. */
const BATCH_MAX = 200;

/** Applies what providers have reported. */
export async function consumeReports(deps: ConsumeReportsDeps): Promise<Consumption> {
  return await deps.queue.consumeReports({
    batchMax: BATCH_MAX,
    take: async (envelopes) => {
      await takeReports(
        deps,
        envelopes.flatMap((envelope: ReportEnvelope) => readReports(deps, envelope)),
      );
    },
    onProblem: (problem) => deps.onProblem("reports", problem),
  });
}
