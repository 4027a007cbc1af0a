import type { Database } from "../connections.ts";
import { DROP_EXPIRED_IDEMPOTENCY_KEYS } from "../sql/drop-expired-idempotency-keys.ts";
import { runStatement } from "../transaction.ts";

/** Removes idempotency keys whose time is over, at most `limit`; answers how many. */
export async function dropExpiredIdempotencyKeys(db: Database, limit: number): Promise<number> {
  return (await runStatement(db, DROP_EXPIRED_IDEMPOTENCY_KEYS, [limit])).length;
}
