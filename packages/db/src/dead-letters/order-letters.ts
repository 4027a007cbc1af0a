import { randomUUID } from "node:crypto";
import type { Database } from "../connections.ts";
import { COUNT_ORDERED_DEAD_LETTERS } from "../sql/count-ordered-dead-letters.ts";
import { ORDER_DEAD_LETTERS } from "../sql/order-dead-letters.ts";
import { runStatement } from "../transaction.ts";

/** What can be done with a dead letter. */
export type DeadLetterAction = "requeue" | "discard";

/** Of the letters of one order. Those that are in neither are done. */
export interface OrderProgress {
  /** No worker has come to them yet. */
  readonly waiting: number;
  /** Could not be done; they are kept. */
  readonly failed: number;
}

export interface PlacedOrder {
  readonly orderId: string;
  readonly letters: number;
}

/**
 * Has a worker requeue or discard letters: whoever knows only the database cannot publish, and the worker is also where
 * such things are logged and counted. Letters that somebody else has ordered something for are left out.
 */
export async function orderDeadLetters(
  db: Database,
  action: DeadLetterAction,
  which: { readonly ids: readonly string[] } | { readonly all: true; readonly queue?: string },
): Promise<PlacedOrder> {
  const orderId = randomUUID();
  const ids = "ids" in which ? which.ids : null;
  const queue = "ids" in which ? null : (which.queue ?? null);
  const [row] = await runStatement<{ letters: number }>(db, ORDER_DEAD_LETTERS, [ids, queue, action, orderId]);
  return { orderId, letters: row?.letters ?? 0 };
}

/** How far workers have come with an order. */
export async function countOrder(db: Database, orderId: string): Promise<OrderProgress> {
  const [row] = await runStatement<OrderProgress>(db, COUNT_ORDERED_DEAD_LETTERS, [orderId]);
  return row ?? { waiting: 0, failed: 0 };
}
