import { isFinalReport, type MessageState, settledOutcome } from "@sms-gateway/contracts";
import type { AttemptRow } from "./locked-message.ts";
import type { MessageChange } from "./message-change.ts";
import { OUTCOME_UNKNOWN } from "./outcome-unknown.ts";

type EndedAttempt = Pick<
  AttemptRow,
  "outcome" | "reportStatus" | "refusalScope" | "errorCode" | "errorMessage" | "provider"
>;

/**
 * What a message shows of its end: the error of the attempt that this end follows from, and its provider where a report
 * has told it. A message may have several attempts, and what another one ended in is not shown.
 * @param end a final state other than `delivered`, as `deriveMessageState` has it of these attempts.
 */
export function describeEnd(
  end: MessageState,
  attempts: readonly EndedAttempt[],
): Required<Pick<MessageChange, "error">> & Pick<MessageChange, "provider"> {
  const inDoubt = attempts.some((one) => settledOutcome(one.outcome, one.reportStatus) === "unknown");
  if (end === "unknown" && inDoubt) return { error: OUTCOME_UNKNOWN };
  const reported = attempts.findLast(({ reportStatus }) => {
    return reportStatus === end && isFinalReport(reportStatus);
  });
  if (reported !== undefined) return { error: toError(reported, end), provider: reported.provider };
  const refused = attempts.find(isRefusedForGood) ?? attempts.findLast(({ outcome }) => outcome === "rejected");
  return { error: toError(refused ?? attempts.at(-1), end) };
}

/** Whether the message or its number was refused, not just by this provider: nobody else needs to be asked. */
export function isRefusedForGood({ outcome, refusalScope }: Pick<AttemptRow, "outcome" | "refusalScope">): boolean {
  return outcome === "rejected" && (refusalScope === "message" || refusalScope === "recipient");
}

function toError(attempt: EndedAttempt | undefined, end: MessageState): { code: string; message: string } {
  const { errorCode = null, errorMessage = null } = attempt ?? {};
  return { code: errorCode ?? end.toUpperCase(), message: errorMessage ?? `The provider reported "${end}".` };
}
