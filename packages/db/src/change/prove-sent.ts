import { deriveMessageState, settledOutcome } from "@sms-gateway/contracts";
import type { AttemptRow } from "./locked-message.ts";
import type { MessageChange } from "./message-change.ts";

/**
 * What becomes of a message when reports prove that a provider has it although the submit was never answered: `sent`,
 * through the attempt that they prove. `null` when they prove nothing.
 * @param attempts as they are after the change, the ones that nobody will settle any more with the outcome `unknown`.
 */
export function proveSent(
  attempts: readonly AttemptRow[],
  { closed }: { readonly closed: boolean },
): MessageChange | null {
  if (deriveMessageState(attempts, { retryPlanned: false, closed }) !== "sent") return null;
  const proved = attempts.findLast(({ outcome, reportStatus }) => settledOutcome(outcome, reportStatus) === "accepted");
  if (proved === undefined) return null;
  const { provider, providerMessageId, number } = proved;
  return { status: "sent", error: null, provider, providerMessageId, eventDetail: { provider, attempt: number } };
}
