import {
  type AttemptRow,
  type Database,
  DatabaseUnavailableError,
  type LockedMessage,
  type MessageChange,
} from "@sms-gateway/db";
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

/** What a report has led to: `null`, nothing new. */
interface Applied {
  readonly change: MessageChange | null;
  /** Id of the HTTP request that the message came with. */
  readonly messageRequestId: string | null;
}

/**
 * Applies reports to their attempts, in the order of arrival for each message. Applying one again changes nothing. When
 * they cannot be applied together, the culprit is found by halving and dropped, loudly: one report that the database
 * refuses must not hold up all others.
 *
 * @throws DatabaseUnavailableError when the database is away: hand over the same reports again.
 */
export async function applyReports(deps: ApplyReportsDeps, reports: readonly MatchedReport[]): Promise<void> {
  try {
    return await applyTogether(deps, reports);
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) throw error;
    const [only, ...others] = reports;
    if (only !== undefined && others.length === 0) return dropReport(deps, only, error);
  }
  // At most log2 of the batch deep.
  const middle = Math.ceil(reports.length / 2);
  await applyReports(deps, reports.slice(0, middle));
  await applyReports(deps, reports.slice(middle));
}

/** A report that can be neither applied nor parked: said, counted, and given up. */
export function dropReport(
  { metrics, logger }: Pick<ApplyReportsDeps, "metrics" | "logger">,
  { provider, report, ...place }: { readonly provider: string; readonly report: KnownReport } & Partial<MatchedReport>,
  err: unknown,
): void {
  metrics.reports.inc({ provider, result: "refused" });
  metrics.failures.inc({ part: "report_given_up" });
  const { messageId = null, attemptNumber = null } = place;
  const ids = { message_id: messageId, attempt: attemptNumber, provider_message_id: report.provider_message_id };
  logger.error(
    { event: "report.given_up", provider, ...ids, status: report.status, request_id: report.request_id, err },
    "a report cannot be applied and is lost",
  );
}

async function applyTogether(deps: ApplyReportsDeps, reports: readonly MatchedReport[]): Promise<void> {
  const { db, metrics } = deps;
  const applied = new Map<MatchedReport, Applied>();
  const happenings = reports.map((matched) => ({
    messageId: matched.messageId,
    decide: (message: LockedMessage, attempts: readonly AttemptRow[]) => {
      const change = foldReport(message, attempts, toAttemptReport(matched));
      // Set, not added to: a decision may be asked for twice.
      applied.set(matched, { change, messageRequestId: message.requestId });
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

/** @param applied `undefined`: the message is not there (any more). */
function noteReport({ metrics, logger }: ApplyReportsDeps, matched: MatchedReport, applied: Applied | undefined): void {
  const { provider, messageId, attemptNumber, report } = matched;
  const result = applied === undefined ? "dropped" : applied.change === null ? "repeated" : "applied";
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
    message_status: applied?.change?.status ?? null,
    request_id: report.request_id,
    message_request_id: applied?.messageRequestId ?? null,
  });
}
