import { isFinalReport, settledOutcome } from "@sms-gateway/contracts";
import type { AttemptRow, LockedMessage, MessageChange } from "@sms-gateway/db";
import { CHASE_MS } from "./chase-schedule.ts";

/**
 * What becomes of an attempt whose report has been waited for long enough, decided under lock. Pure. Its message is closed
 * as sent, with the event `report_missing`, unless a report is still waited for through another attempt; a late report
 * still applies. `null`: it has moved on meanwhile.
 */
export function foldMissingReport(
  message: LockedMessage,
  attempts: readonly AttemptRow[],
  attemptNumber: number,
): MessageChange | null {
  const attempt = attempts.find(({ number }) => number === attemptNumber);
  if (attempt === undefined || !isUnreported(attempt)) return null;
  const ageMs = message.now.getTime() - (attempt.finishedAt ?? attempt.startedAt).getTime();
  if (ageMs < CHASE_MS) return null;
  const checked = { attempts: [{ number: attemptNumber, checkInMs: null }] };
  const isChased = attempts.some((one) => one !== attempt && isUnreported(one) && one.checkAt !== null);
  if (message.status !== "sent" || message.finalAt !== null || isChased) return checked;
  return { ...checked, reportMissing: true, eventDetail: { provider: attempt.provider, attempt: attemptNumber } };
}

function isUnreported({ outcome, reportStatus }: AttemptRow): boolean {
  const isTaken = settledOutcome(outcome, reportStatus) === "accepted";
  return isTaken && (reportStatus === null || !isFinalReport(reportStatus));
}
