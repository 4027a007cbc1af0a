import type { Database } from "../connections.ts";
import { DROP_EXPIRED_IDEMPOTENCY_KEYS } from "../sql/drop-expired-idempotency-keys.ts";
import { runStatement } from "../transaction.ts";

/**
 * After a long outage a request and its repetition are both recorded when the key's life is over already, one after the
 * other. By this time, in ms, a backlog of a day is through.
 */
const KEPT_MS = 3600 * 1000;

/**
 * Removes idempotency keys whose time is over and that were recorded `keptMs` milliseconds ago or more, at most `limit`;
 * answers how many.
 */
export async function dropExpiredIdempotencyKeys(db: Database, limit: number, keptMs = KEPT_MS): Promise<number> {
  return (await runStatement(db, DROP_EXPIRED_IDEMPOTENCY_KEYS, [limit, keptMs])).length;
}
