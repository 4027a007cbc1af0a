import type { ReportEnvelope } from "@sms-gateway/contracts";
import type { DeliveryReport } from "@sms-gateway/providers";
import type { Logger } from "@sms-gateway/runtime";
import type { AccountKind, ProviderAccounts } from "../accounts/provider-accounts.ts";
import type { WorkerMetrics } from "../metrics.ts";
import type { KnownReport } from "./known-report.ts";

/** What reading callbacks needs. */
export interface ReadReportsDeps {
  readonly accounts: ProviderAccounts;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
}

/** A report as a callback brought it. */
export interface ReceivedReport {
  readonly envelope: ReportEnvelope;
  readonly kind: AccountKind;
  readonly report: KnownReport;
}

/** Printable ASCII without spaces: every provider's ids, and nothing that a database or a log would refuse. */
const PROVIDER_MESSAGE_ID = /^[\x21-\x7e]{1,128}$/;

/**
 * Reads what a verified callback says. What cannot be read, and words that its adapter does not know, are logged and
 * counted, and lead to nothing.
 */
export function readReports(deps: ReadReportsDeps, envelope: ReportEnvelope): ReceivedReport[] {
  const { accounts, metrics, logger } = deps;
  const { provider } = envelope;
  const kind: AccountKind = envelope.account === "live" ? "live" : "lab";
  const account = accounts.find(provider, kind) ?? accounts.list(provider)[0]?.account;
  if (account === undefined) {
    metrics.reports.inc({ provider, result: "unreadable" });
    logger.error({ event: "report.unreadable", provider, reason: "no account", request_id: envelope.request_id });
    return [];
  }
  let reports: readonly DeliveryReport[];
  try {
    const body = Buffer.from(envelope.body, "latin1");
    reports = account.parseCallback({ query: envelope.query, contentType: envelope.content_type, body });
  } catch (err) {
    metrics.reports.inc({ provider, result: "unreadable" });
    logger.error({ event: "report.unreadable", provider, request_id: envelope.request_id, err });
    return [];
  }
  return reports.flatMap((report) => {
    if (!PROVIDER_MESSAGE_ID.test(report.providerMessageId)) {
      metrics.reports.inc({ provider, result: "unreadable" });
      const reason = "its message id is not 1 to 128 printable characters";
      logger.error({ event: "report.unreadable", provider, reason, request_id: envelope.request_id });
      return [];
    }
    const known = toKnownReport(report, envelope.request_id);
    if (known !== undefined) return [{ envelope, kind, report: known }];
    metrics.reports.inc({ provider, result: "unknown_word" });
    logger.warn({ event: "report.unknown_word", provider, provider_status: report.providerStatus });
    return [];
  });
}

function toKnownReport(report: DeliveryReport, requestId: string): KnownReport | undefined {
  if (report.status === undefined) return undefined;
  return {
    provider_message_id: report.providerMessageId,
    status: report.status,
    provider_status: report.providerStatus,
    error: report.error === null ? null : { code: report.error.code, message: report.error.reason },
    price: report.price ?? null,
    request_id: requestId,
  };
}
