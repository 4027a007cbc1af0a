import {
  deriveMessageState,
  isAllowedTransition,
  isFinalState,
  type MessageState,
  type ReportStatus,
  reportAdvances,
} from "@sms-gateway/contracts";
import type { AttemptFacts, AttemptUpdate, DeliveryDecision, DeliveryError, MessageFacts } from "./delivery-facts.ts";

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
  now: Date,
): DeliveryDecision | null {
  const attempt = attempts.find(({ number }) => number === report.attemptNumber);
  if (attempt === undefined || !reportAdvances(attempt.reportStatus, report.status)) return null;
  const after = attempts.map((one) => (one === attempt ? { ...one, reportStatus: report.status } : one));
  const derived = deriveMessageState(after, {
    retryPlanned: message.status === "queued" || message.status === "scheduled",
    closed: isFinalState(message.status) || now >= message.expireAt,
  });
  const status = isAllowedTransition(message.status, derived, "report") ? derived : message.status;
  const hasChanged = status !== message.status;
  return { attempt: updateAttempt(report), status, ...(hasChanged ? { error: describeEnd(status, report) } : {}) };
}

function updateAttempt(report: AttemptReport): AttemptUpdate {
  return {
    number: report.attemptNumber,
    reportStatus: report.status,
    reportAt: report.receivedAt,
    providerMessageId: report.providerMessageId,
    ...(report.error === null ? {} : { error: report.error }),
    ...(report.price === undefined ? {} : { price: report.price }),
  };
}

function describeEnd(status: MessageState, { error, providerStatus }: AttemptReport): DeliveryError | null {
  if (status === "delivered" || status === "sent") return null;
  return error ?? { code: status.toUpperCase(), message: `The provider reported "${providerStatus}".` };
}
