import {
  type Database,
  DatabaseUnavailableError,
  findAttemptByProviderMessageId,
  parkReport,
  removeParkedReports,
  takeParkedReports,
} from "@sms-gateway/db";
import { type ApplyReportsDeps, applyReports, dropReport, type MatchedReport } from "./apply-reports.ts";
import { parseKnownReport } from "./known-report.ts";
import type { ReceivedReport } from "./read-reports.ts";

/** Parked reports taken in one run of the sweep. */
const TAKE_MAX = 200;

/**
 * Applies what callbacks have brought. Each report's attempt is named by the callback's own address, else looked for by
 * the provider's id. A report that finds none is parked (architecture.md 5.7): first it is written down, then looked for
 * once more, because whoever writes the attempt's provider id does not look for reports. The sweep finds the rest.
 *
 * @throws DatabaseUnavailableError when the database is away: hand over the same reports again.
 */
export async function takeReports(deps: ApplyReportsDeps, received: readonly ReceivedReport[]): Promise<void> {
  const matched: MatchedReport[] = [];
  const unmatched: ReceivedReport[] = [];
  for (const one of received) {
    await orDrop(deps, one, async () => {
      const found = await matchReport(deps.db, one);
      if (found === undefined) unmatched.push(one);
      else matched.push(found);
    });
  }
  await applyReports(deps, matched);
  // Last, so that nothing is parked yet when the batch has to come again because applying has failed.
  for (const one of unmatched) await orDrop(deps, one, () => park(deps, one));
}

/** Whatever is wrong with this one report, the others go on; an outage is no fault of the report. */
async function orDrop(deps: ApplyReportsDeps, received: ReceivedReport, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) throw error;
    dropReport(deps, { provider: received.envelope.provider, report: received.report }, error);
  }
}

async function matchReport(db: Database, received: ReceivedReport): Promise<MatchedReport | undefined> {
  const { envelope, report } = received;
  const { provider, message_id: messageId, attempt_number: attemptNumber } = envelope;
  const receivedAt = new Date(envelope.received_at);
  if (messageId !== null && attemptNumber !== null) return { provider, messageId, attemptNumber, receivedAt, report };
  const found = await findAttempt(db, received);
  return found && { provider, ...found, receivedAt, report };
}

async function park(deps: ApplyReportsDeps, received: ReceivedReport): Promise<void> {
  const { envelope, kind, report } = received;
  const { provider } = envelope;
  const receivedAt = new Date(envelope.received_at);
  const parked = { provider, account: kind, providerMessageId: report.provider_message_id, report, receivedAt };
  const parkedId = await parkReport(deps.db, parked);
  deps.metrics.reports.inc({ provider, result: "parked" });
  const foundMeanwhile = await findAttempt(deps.db, received);
  if (foundMeanwhile === undefined) return;
  await applyReports(deps, [{ provider, ...foundMeanwhile, receivedAt, report }]);
  await removeParkedReports(deps.db, [parkedId]);
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
