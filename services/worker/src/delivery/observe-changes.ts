import type { StatusChange } from "@sms-gateway/db";
import type { WorkerMetrics } from "../metrics.ts";

/**
 * Counts changes of status and measures the two latencies that clients feel.
 *
 * @param scheduled when scheduled messages were meant to begin, by id: their wait until then is no latency.
 */
export function observeChanges(
  metrics: WorkerMetrics,
  changes: readonly StatusChange[],
  scheduled: ReadonlyMap<string, Date> = new Map(),
): void {
  for (const { id, to, at, acceptedAt, sentAt } of changes) {
    metrics.states.inc({ status: to });
    if (to === "sent") metrics.acceptToSentSeconds.observe(secondsBetween(scheduled.get(id) ?? acceptedAt, at));
    if (to === "delivered" && sentAt !== null) metrics.sentToDeliveredSeconds.observe(secondsBetween(sentAt, at));
  }
}

/** Never below zero: acceptance is told by the gateway's clock, the rest by the database's. */
function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, to.getTime() - from.getTime()) / 1000;
}
