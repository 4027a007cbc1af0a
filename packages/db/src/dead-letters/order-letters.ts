import { randomUUID } from "node:crypto";
import type { Database } from "../connections.ts";
import { COUNT_ORDERED_DEAD_LETTERS } from "../sql/count-ordered-dead-letters.ts";
import { ORDER_DEAD_LETTERS } from "../sql/order-dead-letters.ts";
import { runStatement } from "../transaction.ts";
import { type DeadLetterAction, findLastPosition } from "./take-letters.ts";

/** Of one statement: well within its time, with all that a large disaster has left. */
const ORDERED_AT_ONCE = 10_000;

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
 * such things are logged and counted. Letters that somebody else has ordered something for are left out, and those that
 * are kept meanwhile. Page by page, so what was ordered before an error stays ordered; ordering again takes the rest.
 *
 * @throws DatabaseUnavailableError
 */
export async function orderDeadLetters(
  db: Database,
  action: DeadLetterAction,
  which: { readonly ids: readonly string[] } | { readonly all: true; readonly queue?: string },
): Promise<PlacedOrder> {
  const orderId = randomUUID();
  const ids = "ids" in which ? which.ids : null;
  const queue = "ids" in which ? null : (which.queue ?? null);
  const upToPosition = await findLastPosition(db, which);
  let letters = 0;
  let afterPosition: string | null = "0";
  while (upToPosition !== undefined && afterPosition !== null) {
    const values = [ids, queue, action, orderId, afterPosition, upToPosition, ORDERED_AT_ONCE];
    const page: OrderedPage[] = await runStatement<OrderedPage>(db, ORDER_DEAD_LETTERS, values);
    letters += page[0]?.letters ?? 0;
    afterPosition = page[0]?.last ?? null;
  }
  return { orderId, letters };
}

/** How far workers have come with an order. */
export async function countOrder(db: Database, orderId: string): Promise<OrderProgress> {
  const [row] = await runStatement<OrderProgress>(db, COUNT_ORDERED_DEAD_LETTERS, [orderId]);
  return row ?? { waiting: 0, failed: 0 };
}

interface OrderedPage {
  letters: number;
  last: string | null;
}
