import { isAllowedTransition, type MessageState } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { isUuid } from "../uuid.ts";
import { changeMessages, type StatusChange } from "./change-messages.ts";

export type CancelResult =
  | { readonly result: "canceled"; readonly change: StatusChange }
  /** It is too late, or it was canceled before. */
  | { readonly result: "conflict"; readonly status: MessageState }
  /** Not recorded, or another client's. */
  | { readonly result: "not_found" }
  /** The client's, and real, while only simulated ones were meant. */
  | { readonly result: "not_simulated" };

/**
 * Cancels a message that is scheduled or queued. Against a claim at the same moment one of the two wins, never both.
 * @param simulatedOnly for test keys: leaves real messages alone.
 */
export async function cancelMessage(
  db: Database,
  clientId: string,
  id: string,
  { simulatedOnly = false }: { readonly simulatedOnly?: boolean } = {},
): Promise<CancelResult> {
  if (!isUuid(id)) return { result: "not_found" };
  let found: MessageState | undefined;
  let isOutOfReach = false;
  const [change] = await changeMessages(db, [id], "cancel", (message, attempts) => {
    found = message.clientId === clientId ? message.status : undefined;
    isOutOfReach = found !== undefined && simulatedOnly && !message.simulated;
    const cancelable = found !== undefined && isAllowedTransition(found, "canceled", "cancel");
    // While nobody knows whether an earlier attempt went out, it cannot be promised that nothing is sent.
    const inDoubt = attempts.some(({ outcome }) => outcome === null || outcome === "unknown");
    return cancelable && !inDoubt && !isOutOfReach ? { status: "canceled" } : null;
  });
  if (change !== undefined) return { result: "canceled", change };
  if (isOutOfReach) return { result: "not_simulated" };
  return found === undefined ? { result: "not_found" } : { result: "conflict", status: found };
}
