import { countDeadLetters } from "@sms-gateway/db";
import type { RepeatedTask } from "../repeat-task.ts";
import { discardLetters } from "./discard-dead-letters.ts";
import { type RequeueDeps, requeueDeadLetters } from "./requeue-dead-letters.ts";

/** An operator waits for it at the terminal. */
const ORDERS_EVERY_MS = 1_000;
const COUNT_EVERY_MS = 15_000;

/** Work on dead letters of whoever dispatches: does what `make dlq` has ordered, and shows how many are kept. */
export function deadLetterTasks(deps: RequeueDeps): RepeatedTask[] {
  return [
    { name: "dead_letter_orders", everyMs: ORDERS_EVERY_MS, run: () => carryOutOrders(deps) },
    { name: "dead_letter_count", everyMs: COUNT_EVERY_MS, run: () => showCounts(deps) },
  ];
}

/** As many as one call does; the rest comes with the next run. */
async function carryOutOrders(deps: RequeueDeps): Promise<void> {
  await requeueDeadLetters(deps, { ordered: "requeue" });
  await discardLetters(deps, { ordered: "discard" });
}

async function showCounts({ db, metrics }: RequeueDeps): Promise<void> {
  const counts = await countDeadLetters(db);
  // A queue without any is no longer listed.
  metrics.deadLetters.reset();
  for (const [queue, letters] of counts) metrics.deadLetters.set({ queue }, letters);
}
