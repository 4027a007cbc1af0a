import type { DiscardAnswer } from "@sms-gateway/contracts";
import { countSelectedLetters, type DeadLetterSelection, discardDeadLetters } from "@sms-gateway/db";
import type { RequeueDeps } from "./requeue-dead-letters.ts";

/** One statement's; each writes a line into the log. */
const DISCARDED_MAX = 1_000;

/** Deletes dead letters for good, oldest first, as many as one call may; the log keeps which they were and why they were unreadable. */
export async function discardLetters(
  { db, metrics, logger }: Omit<RequeueDeps, "queue">,
  selection: DeadLetterSelection,
): Promise<DiscardAnswer> {
  const discarded = await discardDeadLetters(db, selection, DISCARDED_MAX);
  metrics.deadLetterActions.inc({ action: "discarded" }, discarded.length);
  for (const { id, queue, problem } of discarded) {
    logger.warn({ event: "dead_letter.discarded", dead_letter_id: id, queue, reason: problem });
  }
  const left = await countSelectedLetters(db, selection);
  // Only what somebody is requeueing at this moment is passed over.
  return { discarded: discarded.length, failed: discarded.length < DISCARDED_MAX ? left : 0, left };
}
