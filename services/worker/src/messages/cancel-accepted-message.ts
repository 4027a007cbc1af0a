import { ApiError, type MessageView } from "@sms-gateway/contracts";
import {
  type CancelResult,
  cancelMessage,
  type Database,
  findAlias,
  findMessage,
  type StatusChange,
} from "@sms-gateway/db";
import { explainOutage } from "../directory/explain-outage.ts";
import type { Caller } from "../directory/find-caller.ts";
import { formatMessage } from "./format-message.ts";
import { findIssueTime } from "./show-message.ts";
import { type ReadMessagesDeps, seesRealMessages } from "./show-messages.ts";

/** What canceling needs, beside what reading needs. */
export interface CancelDeps extends ReadMessagesDeps {
  readonly onChanges: (changes: readonly StatusChange[]) => void;
}

/**
 * Takes back the caller's message while it is scheduled or queued.
 *
 * @throws ApiError CONFLICT with `details.status` when it is too late, or too early (accepted, not recorded yet: try again
 *   in a second); NOT_FOUND when the caller has no such message; SERVICE_UNAVAILABLE.
 */
export async function cancelAcceptedMessage(deps: CancelDeps, caller: Caller, givenId: string): Promise<MessageView> {
  const { clientId } = caller;
  const id = givenId.toLowerCase();
  try {
    const canceled = await cancelAnswering(deps.db, clientId, id, { simulatedOnly: !seesRealMessages(caller) });
    if (canceled.result === "not_simulated") throw refuseUnknown();
    if (canceled.result === "conflict") throw refuseCancel(canceled.status);
    if (canceled.result === "canceled") deps.onChanges([canceled.change]);
    const record = canceled.result === "canceled" ? await findMessage(deps.db, clientId, id) : undefined;
    if (record !== undefined) return formatMessage(record);
  } catch (error) {
    throw explainOutage(error, "unknown");
  }
  if (findIssueTime(deps, clientId, id) !== undefined) throw refuseCancel("accepted", 1);
  throw refuseUnknown();
}

/** Cancels the message that answers for the id: for an alias another one. */
async function cancelAnswering(
  db: Database,
  clientId: string,
  id: string,
  options: { readonly simulatedOnly: boolean },
): Promise<CancelResult> {
  const canceled = await cancelMessage(db, clientId, id, options);
  const messageId = canceled.result === "not_found" ? await findAlias(db, clientId, id) : undefined;
  return messageId === undefined ? canceled : await cancelMessage(db, clientId, messageId, options);
}

function refuseUnknown(): ApiError {
  return new ApiError("NOT_FOUND", { message: "There is no message with this id." });
}

function refuseCancel(status: string, retryAfterS?: number): ApiError {
  return new ApiError("CONFLICT", {
    message: `The message is ${status}; only scheduled and queued messages can be canceled.`,
    details: { status },
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  });
}
