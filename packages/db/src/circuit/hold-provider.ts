import type { Database } from "../connections.ts";
import { HOLD_PROVIDER } from "../sql/hold-provider.ts";
import { runStatement } from "../transaction.ts";

/** A provider that asks for more than a minute is asked again after one: what it says then may be another thing. In ms. */
export const HOLD_MAX_MS = 60_000;
/** A hold with more left than that, in ms, is not ours: the clock was set back. Above the longest by far more than roundings. */
export const HOLD_BELIEVED_MS = HOLD_MAX_MS + 1_000;

/**
 * Claims nothing for this provider for so long, because it said so (`Retry-After`): for all workers, by the database's clock,
 * 60 s at most. Only ever extends a hold.
 * @throws DatabaseUnavailableError when the database is away.
 */
export async function holdProvider(db: Database, provider: string, forMs: number): Promise<void> {
  await runStatement(db, HOLD_PROVIDER, [provider, Math.min(forMs, HOLD_MAX_MS), HOLD_BELIEVED_MS]);
}
