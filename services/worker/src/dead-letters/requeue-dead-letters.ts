import { DEAD_LETTER_IDS_MAX, type MessageQueue, type RequeueAnswer } from "@sms-gateway/contracts";
import {
  countSelectedLetters,
  type Database,
  type DeadLetterSelection,
  findLastPosition,
  freeDeadLetters,
  removeDeadLetters,
  type TakenLetter,
  takeDeadLetters,
} from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import type { WorkerMetrics } from "../metrics.ts";

/** What requeueing needs. */
export interface RequeueDeps {
  readonly db: Database;
  readonly queue: Pick<MessageQueue, "republish">;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
}

/** Published at the same time: each may have 1 MiB. */
const AT_ONCE = 16;
/** No further ones are begun after this time; those that are under way may take 5 s more. */
const CALL_MS = 5_000;

/**
 * Gives dead letters back to their queues, oldest first, as many as one call may. A letter leaves us only once its queue
 * has confirmed it; any other ending keeps it, and since recording de-duplicates, one that was taken all the same does
 * no harm when it is requeued again. Of two callers at a time each letter is requeued by one. A letter that comes back
 * during the call is none of its own: neither requeued nor counted by it.
 *
 * @throws DatabaseUnavailableError; what was taken then is free again after 30 s.
 */
export async function requeueDeadLetters(
  deps: RequeueDeps,
  selection: DeadLetterSelection,
  lettersMax = DEAD_LETTER_IDS_MAX,
): Promise<RequeueAnswer> {
  const until = performance.now() + CALL_MS;
  const upToPosition = await findLastPosition(deps.db, selection);
  if (upToPosition === undefined) return { requeued: 0, failed: 0, left: 0 };
  let requeued = 0;
  let failed = 0;
  let afterPosition = "0";
  while (requeued + failed < lettersMax && performance.now() < until) {
    const limit = Math.min(AT_ONCE, lettersMax - requeued - failed);
    const letters = await takeDeadLetters(deps.db, selection, { afterPosition, upToPosition, limit });
    const last = letters.at(-1);
    if (last === undefined) break;
    afterPosition = last.position;
    const confirmed = await republishLetters(deps, letters);
    requeued += confirmed;
    failed += letters.length - confirmed;
  }
  return { requeued, failed, left: await countSelectedLetters(deps.db, selection, upToPosition) };
}

/** @returns how many were confirmed. */
async function republishLetters(deps: RequeueDeps, letters: readonly TakenLetter[]): Promise<number> {
  const { db, queue, metrics, logger } = deps;
  const outcomes = await Promise.all(
    letters.map(async (letter) => ({ letter, result: await queue.republish(letter) })),
  );
  const idsWhere = (isConfirmed: boolean) =>
    outcomes.filter(({ result }) => (result.ending === "confirmed") === isConfirmed).map(({ letter }) => letter.id);
  const done = idsWhere(true);
  await removeDeadLetters(db, done);
  await freeDeadLetters(db, idsWhere(false));
  metrics.deadLetterActions.inc({ action: "requeued" }, done.length);
  for (const { letter, result } of outcomes) {
    const fields = { dead_letter_id: letter.id, queue: letter.queue };
    if (result.ending === "confirmed") logger.info({ event: "dead_letter.requeued", ...fields });
    else logger.warn({ event: "dead_letter.not_requeued", ...fields, ...result });
  }
  return done.length;
}
