import type { MessageState } from "./message-states.ts";

/**
 * The states of an attempt: one call of one provider for one message.
 *
 * `outcome` is what the submit ended in: `null` while it is open (the row is written before the provider is called),
 * then one of the values of architecture.md 5.5. `reportStatus` is the furthest delivery report so far. Both only ever
 * move forward, so repeated and late reports are harmless.
 */
export const ATTEMPT_OUTCOMES = ["accepted", "rejected", "try_later", "unknown"] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** The common vocabulary of delivery reports (reference: "Common status vocabulary"); each provider maps its own words to it. */
export const REPORT_STATUSES = [
  "accepted",
  "scheduled",
  "queued",
  "sending",
  "sent",
  "unknown",
  "expired",
  "canceled",
  "failed",
  "undelivered",
  "delivered",
] as const;
export type ReportStatus = (typeof REPORT_STATUSES)[number];

export interface AttemptProgress {
  readonly outcome: AttemptOutcome | null;
  readonly reportStatus: ReportStatus | null;
}

const FINAL_REPORTS: ReadonlySet<ReportStatus> = new Set<ReportStatus>([
  "unknown",
  "expired",
  "canceled",
  "failed",
  "undelivered",
  "delivered",
]);

/** Whether a report of this status says that the carrier is done with the message. */
export function isFinalReport(status: ReportStatus): boolean {
  return FINAL_REPORTS.has(status);
}

/**
 * Whether a report moves an attempt on. Intermediate ones only rise; a final one replaces intermediate ones; of the
 * final ones `unknown` gives way to any other and every one gives way to `delivered`. Nothing leaves `delivered`.
 */
export function reportAdvances(current: ReportStatus | null, next: ReportStatus): boolean {
  if (current === null) return true;
  if (current === "delivered" || current === next) return false;
  if (!isFinalReport(current)) return isFinalReport(next) || rank(next) > rank(current);
  if (!isFinalReport(next)) return false;
  return next === "delivered" || current === "unknown";
}

/**
 * The submit's outcome, seen together with the reports: a report proves that the provider had taken the message, so a
 * submit that was not answered (`unknown`), or of which it was said that it was not processed (`try_later`), counts as
 * accepted. Only a report that itself says `unknown` proves nothing. A submit that is still open stays so: its answer is
 * on its way.
 */
export function settledOutcome(
  outcome: AttemptOutcome | null,
  reportStatus: ReportStatus | null,
): AttemptOutcome | null {
  const isProven = reportStatus !== null && reportStatus !== "unknown";
  return isProven && (outcome === "unknown" || outcome === "try_later") ? "accepted" : outcome;
}

/** What may still happen to a message beside its attempts. */
export interface MessageOutlook {
  /** A later claim is planned (failover, retry round, schedule). */
  readonly retryPlanned: boolean;
  /** The deadline is over: attempts of unknown outcome are not waited for any longer. */
  readonly closed: boolean;
}

// In flight, most advanced first; ends, best first (architecture.md section 4).
const ENDS = ["unknown", "undelivered", "failed", "expired", "canceled"] as const satisfies readonly MessageState[];

/**
 * The status of a message as a function of its attempts (architecture.md section 4): delivered if any attempt is; else
 * in flight while any attempt or retry is open (sent > sending > queued); else the best of the ends (unknown >
 * undelivered > failed > expired > canceled). An attempt of unknown outcome keeps the message `sending`, or `queued` while
 * another try is planned, until it is closed; then no end is better than `unknown` unless the message was delivered or
 * is with a carrier. Once a provider is known to have accepted the message, other attempts in doubt are not waited for,
 * and a try that is planned is given up: after a provider accepted, no report leads to another.
 */
export function deriveMessageState(attempts: readonly AttemptProgress[], outlook: MessageOutlook): MessageState {
  const isTaken = attempts.some((one) => settledOutcome(one.outcome, one.reportStatus) === "accepted");
  const states = attempts.map((attempt) => attemptState(attempt, outlook.closed || isTaken));
  if (states.includes("delivered")) return "delivered";
  if (states.includes("sent")) return "sent";
  if (states.includes("sending")) return "sending";
  if (outlook.retryPlanned && !isTaken) return "queued";
  if (states.includes("in_doubt")) return "sending";
  return ENDS.find((end) => states.includes(end)) ?? "failed";
}

/**
 * Whether the handset may get the message twice: two attempts may have reached it, or one may have and another try is
 * planned. Known refusals and reports that it was not delivered rule an attempt out.
 */
export function mayBeDouble(
  attempts: readonly AttemptProgress[],
  { retryPlanned }: Pick<MessageOutlook, "retryPlanned">,
): boolean {
  const possible = attempts.filter(mayHaveArrived).length;
  return possible + (retryPlanned ? 1 : 0) > 1;
}

/** Whether the message may have reached the handset, or may still reach it, through this attempt. */
export function mayHaveArrived({ outcome, reportStatus }: AttemptProgress): boolean {
  if (reportStatus === "delivered") return true;
  const isProven = reportStatus !== null && reportStatus !== "unknown";
  if (isProven) return !isFinalReport(reportStatus);
  return outcome !== "rejected" && outcome !== "try_later";
}

/** What one attempt, taken alone, would make of its message. */
function attemptState(attempt: AttemptProgress, closed: boolean): MessageState | "in_doubt" {
  const { reportStatus } = attempt;
  const outcome = settledOutcome(attempt.outcome, reportStatus);
  if (reportStatus === "delivered") return "delivered";
  if (outcome === "rejected" || outcome === "try_later") return "failed";
  if (reportStatus !== null && isFinalReport(reportStatus)) return finalReportState(reportStatus);
  if (outcome === "accepted") return "sent";
  if (outcome === "unknown") return closed ? "unknown" : "in_doubt";
  return "sending";
}

function finalReportState(status: ReportStatus): MessageState {
  if (status === "expired" || status === "canceled" || status === "failed" || status === "undelivered") return status;
  return "unknown";
}

function rank(status: ReportStatus): number {
  return REPORT_STATUSES.indexOf(status);
}
