import {
  type AcceptedMessageView,
  ApiError,
  idTimeMs,
  isIssuedMessageId,
  type MessageView,
} from "@sms-gateway/contracts";
import { findMessage } from "@sms-gateway/db";
import { explainOutage } from "../directory/explain-outage.ts";
import type { Caller } from "../directory/find-caller.ts";
import { formatMessage } from "./format-message.ts";
import { type ReadMessagesDeps, seesRealMessages } from "./show-messages.ts";

const DAY_MS = 24 * 3600 * 1000;

/**
 * The caller's message with this id. One that was issued to the caller and is not recorded yet is `accepted`: it is in
 * the queue (architecture.md section 4).
 *
 * @throws ApiError NOT_FOUND for anything else, another client's message and a test key's real one included; SERVICE_UNAVAILABLE.
 */
export async function showMessage(
  deps: ReadMessagesDeps,
  caller: Caller,
  givenId: string,
  { withTrace = false } = {},
): Promise<MessageView | AcceptedMessageView> {
  const { clientId } = caller;
  const id = givenId.toLowerCase();
  const record = await findMessage(deps.db, clientId, id).catch((error: unknown) => {
    throw explainOutage(error);
  });
  if (record !== undefined && (record.simulated || seesRealMessages(caller)))
    return formatMessage(record, { withTrace });
  const issuedAt = record === undefined ? findIssueTime(deps, clientId, id) : undefined;
  if (issuedAt === undefined) throw new ApiError("NOT_FOUND", { message: "There is no message with this id." });
  return { id, tracking_id: id, status: "accepted", created_at: issuedAt.toISOString() };
}

/** When this id was issued to the client; `undefined` when it never was, or so long ago that the message is gone. */
export function findIssueTime(
  { idSecret, retentionDays }: ReadMessagesDeps,
  clientId: string,
  id: string,
): Date | undefined {
  const timeMs = idTimeMs(id);
  if (timeMs === undefined || !isIssuedMessageId(idSecret, clientId, id)) return undefined;
  return timeMs < Date.now() - retentionDays * DAY_MS ? undefined : new Date(timeMs);
}
