import {
  deriveMessageState,
  isFinalReport,
  isFinalState,
  type MessageState,
  type ReportStatus,
  reportAdvances,
} from "@sms-gateway/contracts";
import { type AttemptChange, describeEnd, type MessageChange } from "@sms-gateway/db";
import type { AttemptFacts, DeliveryError, MessageFacts } from "./delivery-facts.ts";
import { changeDoubt, keepEnd } from "./fold-submit-result.ts";

/** A delivery report whose attempt is known. */
export interface AttemptReport {
  readonly attemptNumber: number;
  readonly providerMessageId: string;
  readonly status: ReportStatus;
  /** The provider's own word. */
  readonly providerStatus: string;
  readonly error: DeliveryError | null;
  readonly price?: { readonly amount: string; readonly currency: string };
  readonly receivedAt: Date;
}

/**
 * What a delivery report makes of its attempt and its message (architecture.md section 4). Pure. A report changes only
 * its own attempt; the message's status follows from all attempts together. It never triggers another try, and gives one up
 * that waits: it proves that the provider had the message.
 *
 * @returns `null` when nothing changes: late, repeated and overtaken reports are harmless.
 */
export function foldReport(
  message: MessageFacts,
  attempts: readonly AttemptFacts[],
  report: AttemptReport,
): MessageChange | null {
  const attempt = attempts.find(({ number }) => number === report.attemptNumber);
  if (attempt === undefined || !reportAdvances(attempt.reportStatus, report.status)) return null;
  const after = attempts.map((one) => (one === attempt ? { ...one, ...applyReport(report) } : one));
  const derived = deriveMessageState(after, {
    retryPlanned: message.status === "queued" || message.status === "scheduled",
    closed: isFinalState(message.status) || message.now >= message.expireAt,
  });
  const status = keepEnd(message.status, derived, "report");
  return {
    attempts: [changeAttempt(report)],
    status,
    ...(status === message.status ? {} : { ...describeChange(attempt, report), ...showEnd(status, after) }),
    ...(report.price === undefined ? {} : { cost: report.price }),
    ...changeDoubt(message, after, status),
  };
}

function changeAttempt(report: AttemptReport): AttemptChange {
  return {
    number: report.attemptNumber,
    ...applyReport(report),
    reportAt: report.receivedAt,
    providerMessageId: report.providerMessageId,
    ...(report.price === undefined ? {} : { price: report.price }),
  };
}

/** The error is the report's own; what had been thought of the attempt before is none of it. */
function applyReport({ status: reportStatus, error, providerStatus }: AttemptReport) {
  if (error !== null) return { reportStatus, errorCode: error.code, errorMessage: error.message };
  if (!isFinalReport(reportStatus) || reportStatus === "delivered") return { reportStatus };
  const errorMessage = `The provider reported "${providerStatus}".`;
  return { reportStatus, errorCode: reportStatus.toUpperCase(), errorMessage };
}

function describeChange({ provider }: AttemptFacts, report: AttemptReport): MessageChange {
  const { attemptNumber: attempt, providerMessageId, providerStatus, error } = report;
  const eventDetail = { provider, attempt, provider_status: providerStatus };
  return {
    provider,
    providerMessageId,
    eventDetail: error === null ? eventDetail : { ...eventDetail, error_code: error.code },
  };
}

/** The error of the attempt that the new status follows from: not this one, where another is still in doubt. */
function showEnd(status: MessageState, after: readonly AttemptFacts[]): Pick<MessageChange, "error"> {
  const isEnd = isFinalState(status) && status !== "delivered";
  return { error: isEnd ? describeEnd(status, after).error : null };
}
