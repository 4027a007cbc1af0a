import type { AttemptRow, Database, LockedMessage, MessageChange } from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import { changeInLayers } from "../delivery/change-in-layers.ts";
import { foldReport } from "../delivery/fold-report.ts";
import { observeChanges } from "../delivery/observe-changes.ts";
import type { WorkerMetrics } from "../metrics.ts";
import type { KnownReport } from "./known-report.ts";

/** What applying reports needs. */
export interface ApplyReportsDeps {
  readonly db: Database;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
}

/** A report whose attempt is known. */
export interface MatchedReport {
  readonly provider: string;
  readonly messageId: string;
  readonly attemptNumber: number;
  readonly receivedAt: Date;
  readonly report: KnownReport;
}

/**
 * Applies reports to their attempts, in the order of arrival for each message. Applying one again changes nothing.
 *
 * @throws DatabaseUnavailableError when the database is away: hand over the same reports again.
 */
export async function applyReports(deps: ApplyReportsDeps, reports: readonly MatchedReport[]): Promise<void> {
  const { db, metrics } = deps;
  const applied = new Map<MatchedReport, MessageChange | null>();
  const happenings = reports.map((matched) => ({
    messageId: matched.messageId,
    decide: (message: LockedMessage, attempts: readonly AttemptRow[]) => {
      const change = foldReport(message, attempts, toAttemptReport(matched));
      // Set, not added to: a decision may be asked for twice.
      applied.set(matched, change);
      return change;
    },
  }));
  await changeInLayers(db, "report", happenings, (changes) => observeChanges(metrics, changes));
  for (const matched of reports) noteReport(deps, matched, applied.get(matched));
}

function toAttemptReport({ attemptNumber, receivedAt, report }: MatchedReport) {
  return {
    attemptNumber,
    providerMessageId: report.provider_message_id,
    status: report.status,
    providerStatus: report.provider_status,
    error: report.error,
    ...(report.price === null ? {} : { price: report.price }),
    receivedAt,
  };
}

/** @param change `null`: nothing new. `undefined`: the message is not there (any more). */
function noteReport(
  { metrics, logger }: ApplyReportsDeps,
  matched: MatchedReport,
  change: MessageChange | null | undefined,
): void {
  const { provider, messageId, attemptNumber, report } = matched;
  const result = change === undefined ? "dropped" : change === null ? "repeated" : "applied";
  metrics.reports.inc({ provider, result });
  logger.info({
    event: "report.applied",
    result,
    message_id: messageId,
    attempt: attemptNumber,
    provider,
    provider_message_id: report.provider_message_id,
    status: report.status,
    provider_status: report.provider_status,
    provider_code: report.error?.code ?? null,
    message_status: change?.status ?? null,
    request_id: report.request_id,
  });
}
