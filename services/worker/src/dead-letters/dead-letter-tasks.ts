import { countDeadLetters, findDeadLetterAge } from "@sms-gateway/db";
import type { WorkerSettings } from "../config.ts";
import type { RepeatedTask } from "../repeat-task.ts";
import { type DiscardDeps, discardLetters } from "./discard-dead-letters.ts";
import { type RequeueDeps, requeueDeadLetters } from "./requeue-dead-letters.ts";

/** What the work on dead letters needs. */
export interface DeadLetterTaskDeps extends RequeueDeps {
  readonly settings: Pick<WorkerSettings, "ID_SECRET" | "MESSAGE_RETENTION_DAYS">;
}

/** An operator waits for it at the terminal. */
const ORDERS_EVERY_MS = 1_000;
/** In one run, which its time ends otherwise: after a large disaster there may be a million. */
const REQUEUED_MAX = 5_000;
const COUNT_EVERY_MS = 15_000;
/** Each time as many as one call does: far more in a day than one can hold. */
const EXPIRE_EVERY_MS = 60 * 1000;
const DAY_MS = 24 * 3600 * 1000;

/**
 * Work on dead letters of whoever dispatches: does what `make dlq` has ordered, shows how many are kept and for how long,
 * and drops those that nobody has decided about for as long as messages are kept: there are texts and numbers in them.
 */
export function deadLetterTasks(deps: DeadLetterTaskDeps): RepeatedTask[] {
  const { ID_SECRET: idSecret, MESSAGE_RETENTION_DAYS: days } = deps.settings;
  const discardDeps = { ...deps, idSecret };
  return [
    { name: "dead_letter_orders", everyMs: ORDERS_EVERY_MS, run: () => carryOutOrders(deps, discardDeps) },
    { name: "dead_letter_count", everyMs: COUNT_EVERY_MS, run: () => showCounts(deps) },
    { name: "old_dead_letters", everyMs: EXPIRE_EVERY_MS, run: () => dropOld(discardDeps, days * DAY_MS) },
  ];
}

/** As many as one call does; the rest comes with the next run. */
async function carryOutOrders(deps: RequeueDeps, discardDeps: DiscardDeps): Promise<void> {
  await requeueDeadLetters(deps, { ordered: "requeue" }, REQUEUED_MAX);
  await discardLetters(discardDeps, { ordered: "discard" });
}

async function dropOld(deps: DiscardDeps, keptForMs: number): Promise<void> {
  // The oldest is found at once; the old ones only by looking at all.
  if ((await findDeadLetterAge(deps.db)) * 1_000 < keptForMs) return;
  await discardLetters(deps, { keptForMs }, "expired");
}

async function showCounts({ db, metrics }: RequeueDeps): Promise<void> {
  const counts = await countDeadLetters(db);
  // A queue without any is no longer listed.
  metrics.deadLetters.reset();
  for (const [queue, letters] of counts) metrics.deadLetters.set({ queue }, letters);
  metrics.deadLettersOldestSeconds.set(await findDeadLetterAge(db));
}
