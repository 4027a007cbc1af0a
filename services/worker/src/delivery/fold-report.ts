import {
  deriveMessageState,
  isAllowedTransition,
  isFinalState,
  type MessageState,
  type ReportStatus,
  reportAdvances,
} from "@sms-gateway/contracts";
import type { AttemptChange, MessageChange } from "@sms-gateway/db";
import type { AttemptFacts, DeliveryError, MessageFacts } from "./delivery-facts.ts";
import { changeDoubt } from "./fold-submit-result.ts";

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
 * its own attempt; the message's status follows from all attempts together, and never triggers another try.
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
  const after = attempts.map((one) => (one === attempt ? { ...one, reportStatus: report.status } : one));
  const derived = deriveMessageState(after, {
    retryPlanned: message.status === "queued" || message.status === "scheduled",
    closed: isFinalState(message.status) || message.now >= message.expireAt,
  });
  const status = isAllowedTransition(message.status, derived, "report") ? derived : message.status;
  return {
    attempts: [changeAttempt(report)],
    status,
    ...(status === message.status ? {} : describeChange(status, attempt, report)),
    ...(report.price === undefined ? {} : { cost: report.price }),
    ...changeDoubt(message, after, status),
  };
}

function changeAttempt(report: AttemptReport): AttemptChange {
  return {
    number: report.attemptNumber,
    reportStatus: report.status,
    reportAt: report.receivedAt,
    providerMessageId: report.providerMessageId,
    ...(report.error === null ? {} : { errorCode: report.error.code, errorMessage: report.error.message }),
    ...(report.price === undefined ? {} : { price: report.price }),
  };
}

function describeChange(status: MessageState, { provider }: AttemptFacts, report: AttemptReport): MessageChange {
  const { attemptNumber: attempt, providerMessageId, providerStatus } = report;
  const error = describeEnd(status, report);
  const eventDetail = { provider, attempt, provider_status: providerStatus };
  return {
    error,
    provider,
    providerMessageId,
    eventDetail: error === null ? eventDetail : { ...eventDetail, error_code: error.code },
  };
}

function describeEnd(status: MessageState, { error, providerStatus }: AttemptReport): DeliveryError | null {
  if (status === "delivered" || status === "sent") return null;
  return error ?? { code: status.toUpperCase(), message: `The provider reported "${providerStatus}".` };
}
