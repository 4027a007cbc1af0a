import {
  type Database,
  findAttemptByProviderMessageId,
  parkReport,
  removeParkedReports,
  takeParkedReports,
} from "@sms-gateway/db";
import { type ApplyReportsDeps, applyReports, type MatchedReport } from "./apply-reports.ts";
import { parseKnownReport } from "./known-report.ts";
import type { ReceivedReport } from "./read-reports.ts";

/** Parked reports taken in one run of the sweep. */
const TAKE_MAX = 200;

/**
 * Finds the attempts that reports belong to: named by the callback's own address, else looked for by the provider's id.
 * A report that finds none is parked (architecture.md 5.7): first it is written down, then looked for once more, because
 * whoever writes the attempt's provider id does not look for reports. The sweep finds the rest.
 */
export async function matchReports(
  deps: ApplyReportsDeps,
  received: readonly ReceivedReport[],
): Promise<MatchedReport[]> {
  const matched: MatchedReport[] = [];
  for (const one of received) {
    const found = await matchReport(deps, one);
    if (found !== undefined) matched.push(found);
  }
  return matched;
}

async function matchReport(deps: ApplyReportsDeps, received: ReceivedReport): Promise<MatchedReport | undefined> {
  const { envelope, kind, report } = received;
  const { provider, message_id: messageId, attempt_number: attemptNumber } = envelope;
  const receivedAt = new Date(envelope.received_at);
  if (messageId !== null && attemptNumber !== null) return { provider, messageId, attemptNumber, receivedAt, report };

  const found = await findAttempt(deps.db, received);
  if (found !== undefined) return { provider, ...found, receivedAt, report };
  const parked = { provider, account: kind, providerMessageId: report.provider_message_id, report, receivedAt };
  const parkedId = await parkReport(deps.db, parked);
  deps.metrics.reports.inc({ provider, result: "parked" });
  const foundMeanwhile = await findAttempt(deps.db, received);
  if (foundMeanwhile === undefined) return undefined;
  const matched = { provider, ...foundMeanwhile, receivedAt, report };
  await applyReports(deps, [matched]);
  await removeParkedReports(deps.db, [parkedId]);
  return undefined;
}

async function findAttempt(
  db: Database,
  { envelope, kind, report }: ReceivedReport,
): Promise<{ messageId: string; attemptNumber: number } | undefined> {
  const found = await findAttemptByProviderMessageId(db, envelope.provider, report.provider_message_id);
  if (found === undefined || found.account !== kind) return undefined;
  return { messageId: found.messageId, attemptNumber: found.attemptNumber };
}

/** Applies parked reports whose attempt is known by now, up to 200 in one run. */
export async function applyParkedReports(deps: ApplyReportsDeps): Promise<void> {
  const parked = await takeParkedReports(deps.db, TAKE_MAX);
  const matched = parked.flatMap((one): MatchedReport[] => {
    const report = parseKnownReport(one.report);
    if (report !== undefined) return [{ ...one, report }];
    deps.metrics.reports.inc({ provider: one.provider, result: "unreadable" });
    deps.logger.error({ event: "report.unreadable", provider: one.provider, reason: "parked by another version" });
    return [];
  });
  await applyReports(deps, matched);
  await removeParkedReports(
    deps.db,
    parked.map(({ id }) => id),
  );
}
