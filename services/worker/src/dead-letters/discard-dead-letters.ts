import type { DiscardAnswer } from "@sms-gateway/contracts";
import {
  countSelectedLetters,
  type Database,
  type DeadLetterSelection,
  findLastPosition,
  rejectLostMessages,
  removeDeadLetters,
  type TakenLetter,
  takeDeadLetters,
} from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import type { WorkerMetrics } from "../metrics.ts";
import { readLostMessages } from "./read-lost-messages.ts";

/** What discarding needs. */
export interface DiscardDeps {
  readonly db: Database;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  /** Tells ids that we issued. */
  readonly idSecret: string;
}

/** Of one call; each letter writes a line into the log. */
const DISCARDED_MAX = 1_000;
/** Read at the same time: each may have 1 MiB. */
const AT_ONCE = 16;
/** No further ones are begun after this time. */
const CALL_MS = 5_000;

/**
 * Deletes dead letters for good, oldest first, as many as one call may; the log keeps which they were and why they were
 * unreadable. Messages in them whose ids can be read are recorded as rejected before: an accepted id is never dropped.
 *
 * @param action what the log and the counter call it.
 * @throws DatabaseUnavailableError; what was taken then is free again after 30 s.
 */
export async function discardLetters(
  deps: DiscardDeps,
  selection: DeadLetterSelection,
  action: "discarded" | "expired" = "discarded",
): Promise<DiscardAnswer> {
  const until = performance.now() + CALL_MS;
  const upToPosition = await findLastPosition(deps.db, selection);
  if (upToPosition === undefined) return { discarded: 0, failed: 0, left: 0 };
  let discarded = 0;
  let afterPosition = "0";
  let hasMore = true;
  while (hasMore && discarded < DISCARDED_MAX && performance.now() < until) {
    const limit = Math.min(AT_ONCE, DISCARDED_MAX - discarded);
    const letters = await takeDeadLetters(deps.db, selection, { afterPosition, upToPosition, limit });
    await discardTaken(deps, letters, action);
    afterPosition = letters.at(-1)?.position ?? afterPosition;
    discarded += letters.length;
    hasMore = letters.length === limit;
  }
  const left = await countSelectedLetters(deps.db, selection, upToPosition);
  // Only what somebody is requeueing at this moment is passed over.
  return { discarded, failed: hasMore ? 0 : left, left };
}

async function discardTaken(deps: DiscardDeps, letters: readonly TakenLetter[], action: string): Promise<void> {
  const { db, metrics, logger, idSecret } = deps;
  for (const letter of letters) {
    const rejected = await rejectLostMessages(db, readLostMessages(letter, idSecret));
    metrics.states.inc({ status: "rejected" }, rejected.length);
    const fields = { dead_letter_id: letter.id, queue: letter.queue, reason: letter.problem };
    // First: when the rest fails, nobody sees these ids as rejected for the first time again.
    if (rejected.length > 0) logger.warn({ event: "dead_letter.rejected", ...fields, message_ids: rejected });
  }
  await removeDeadLetters(
    db,
    letters.map(({ id }) => id),
  );
  metrics.deadLetterActions.inc({ action }, letters.length);
  for (const { id, queue, problem } of letters) {
    logger.warn({ event: `dead_letter.${action}`, dead_letter_id: id, queue, reason: problem });
  }
}
