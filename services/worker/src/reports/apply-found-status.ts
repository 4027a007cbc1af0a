import { randomUUID } from "node:crypto";
import { reportAdvances } from "@sms-gateway/contracts";
import type { DueCheck } from "@sms-gateway/db";
import type { FoundMessage } from "@sms-gateway/providers";
import { type ApplyReportsDeps, applyReports, type MatchedReport } from "./apply-reports.ts";

/** An attempt, and its message as the provider knows it. */
export interface FoundStatus {
  readonly check: DueCheck;
  readonly message: FoundMessage;
}

/**
 * Applies what providers said when they were asked, exactly as reports. What is known already, and words that the adapter
 * does not know, are left out.
 *
 * @throws DatabaseUnavailableError when the database is away: the attempts are due again later.
 */
export async function applyFoundStatuses(deps: ApplyReportsDeps, found: readonly FoundStatus[]): Promise<void> {
  const requestId = randomUUID();
  const reports = found.flatMap(({ check, message }): MatchedReport[] => {
    const { status, providerMessageId, providerStatus, error, price = null } = message;
    if (status === undefined || !reportAdvances(check.reportStatus, status)) return [];
    const { provider, messageId, attemptNumber, now: receivedAt } = check;
    const report = {
      provider_message_id: providerMessageId,
      status,
      provider_status: providerStatus,
      error: error === null ? null : { code: error.code, message: error.reason },
      price,
      request_id: requestId,
    };
    return [{ provider, messageId, attemptNumber, receivedAt, report }];
  });
  if (reports.length > 0) await applyReports(deps, reports);
}
