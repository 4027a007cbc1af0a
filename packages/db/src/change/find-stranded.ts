import type { Lane, MessageType } from "@sms-gateway/contracts";
import { HOLD_BELIEVED_MS } from "../circuit/hold-provider.ts";
import type { Database } from "../connections.ts";
import { laneNumber } from "../lane-number.ts";
import { FIND_STRANDED } from "../sql/find-stranded.ts";
import { inTransaction, runStatement } from "../transaction.ts";
import { NIL_UUID } from "../uuid.ts";

/** A provider that asks for less than that keeps its messages: moving them would cost more than waiting. In ms. */
export const HOLD_STRANDS_MS = 5_000;

/** What planning a stranded message anew looks at. Not locked: it may have changed by the time it is moved. */
export interface StrandedMessage {
  readonly id: string;
  readonly plannedProvider: string | null;
  /** Requested providers in order; those asked in this round; the round, from 1. */
  readonly providers: readonly string[];
  readonly tried: readonly string[];
  readonly round: number;
  readonly messageType: MessageType;
  readonly fromNumber: string | null;
  readonly simulated: boolean;
  /** Providers that have refused it for good. */
  readonly refusedBy: readonly string[];
  /** Providers of which nobody knows whether they have taken it. */
  readonly inDoubtAt: readonly string[];
  /** Differs once its status has changed. */
  readonly eventCount: number;
}

/**
 * Due messages of a lane that nobody claims because their planned provider is away (disabled, paused, behind an open circuit,
 * or wants us to wait for more than 5 s), or because none was found when they were planned: for the worker to plan anew and
 * to move with `changeMessages`. Only those for which another provider that is not away has an account. In order of ids,
 * after `afterId`.
 */
export async function findStranded(
  db: Database,
  lane: Lane,
  { limit, afterId = null }: { readonly limit: number; readonly afterId?: string | null },
): Promise<StrandedMessage[]> {
  const values = [laneNumber(lane), limit, afterId ?? NIL_UUID, HOLD_STRANDS_MS, HOLD_BELIEVED_MS];
  const rows = await inTransaction(db, (tx) => runStatement<StrandedRow>(tx, FIND_STRANDED, values));
  return rows.map((row) => ({
    id: row.id,
    plannedProvider: row.planned_provider,
    providers: row.providers,
    tried: row.tried,
    round: row.round,
    messageType: row.message_type,
    fromNumber: row.from_number,
    simulated: row.simulated,
    refusedBy: row.refused_by,
    inDoubtAt: row.in_doubt_at,
    eventCount: row.event_count,
  }));
}

interface StrandedRow {
  id: string;
  planned_provider: string | null;
  providers: string[];
  tried: string[];
  round: number;
  message_type: MessageType;
  from_number: string | null;
  simulated: boolean;
  refused_by: string[];
  in_doubt_at: string[];
  event_count: number;
}
