import { isFinalReport, settledOutcome } from "@sms-gateway/contracts";
import type { AttemptRow } from "./locked-message.ts";

/*
 * When an attempt is looked at next.
 *
 * none:  it is open (its lease says when that ends), refused, or its final report is there.
 * a time: its outcome is unknown, or its provider took it and the final report is missing. Taking it to look at it moves
 *        the time, so that nobody else does and a worker that dies leaves it due again.
 */

type Progress = Pick<AttemptRow, "outcome" | "reportStatus">;

/**
 * The time that a change of the attempt leads to; `undefined`: the present one stays. Unless the decision names one, an
 * attempt that becomes unknown, or is proved by a report, is due at once; whoever looks at it knows when to look again.
 */
export function checkAtAfter(
  before: Progress,
  after: Progress,
  { now, checkInMs }: { readonly now: Date; readonly checkInMs: number | null | undefined },
): Date | null | undefined {
  if (!isUnfinished(after)) return null;
  if (checkInMs === null) return null;
  if (checkInMs !== undefined) return new Date(now.getTime() + checkInMs);
  return settle(before) === settle(after) ? undefined : now;
}

function isUnfinished({ outcome, reportStatus }: Progress): boolean {
  const settled = settle({ outcome, reportStatus });
  if (settled === "unknown") return true;
  return settled === "accepted" && (reportStatus === null || !isFinalReport(reportStatus));
}

function settle({ outcome, reportStatus }: Progress): AttemptRow["outcome"] {
  return settledOutcome(outcome, reportStatus);
}
