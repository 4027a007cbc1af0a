import type { Lane } from "@sms-gateway/contracts";
import { HOLD_BELIEVED_MS } from "../circuit/hold-provider.ts";
import type { Database } from "../connections.ts";
import { laneNumber } from "../lane-number.ts";
import { FIND_STRANDED } from "../sql/find-stranded.ts";
import { inTransaction, runStatement } from "../transaction.ts";
import { NIL_UUID } from "../uuid.ts";

/** A provider that asks for less than that keeps its messages: moving them would cost more than waiting. In ms. */
export const HOLD_STRANDS_MS = 5_000;

/**
 * Due messages of a lane that nobody claims because their planned provider is away (disabled, paused, behind an open circuit,
 * or wants us to wait for more than 5 s), or because none was found when they were planned: for the worker to plan anew with
 * `changeMessages`. In order of ids, after `afterId`.
 */
export async function findStranded(
  db: Database,
  lane: Lane,
  { limit, afterId = null }: { readonly limit: number; readonly afterId?: string | null },
): Promise<string[]> {
  const values = [laneNumber(lane), limit, afterId ?? NIL_UUID, HOLD_STRANDS_MS, HOLD_BELIEVED_MS];
  const rows = await inTransaction(db, (tx) => runStatement<{ id: string }>(tx, FIND_STRANDED, values));
  return rows.map(({ id }) => id);
}
