import type { Database } from "../connections.ts";
import { readOneOf } from "../read/stored-values.ts";
import { CHANGE_CIRCUIT } from "../sql/change-circuit.ts";
import { DROP_OLD_PROVIDER_CALLS } from "../sql/drop-old-provider-calls.ts";
import { LOCK_CIRCUIT } from "../sql/lock-circuit.ts";
import { READ_CIRCUITS } from "../sql/read-circuits.ts";
import { REPORT_PROVIDER_CALLS } from "../sql/report-provider-calls.ts";
import { inTransaction, runStatement, type Transaction } from "../transaction.ts";
import {
  type CallCounts,
  CIRCUIT_STATES,
  type CircuitDecision,
  type CircuitPosition,
  decideCircuit,
} from "./decide-circuit.ts";
import { HOLD_BELIEVED_MS } from "./hold-provider.ts";

/** A provider's circuit, as all workers share it. */
export interface ProviderCircuit extends CircuitPosition {
  readonly provider: string;
  /** Raised by every change. */
  readonly epoch: number;
  /** How long the provider still wants us to wait, in ms; 0 when it does not. */
  readonly heldMs: number;
}

/** What a worker has seen of a provider: see `decideCircuit` for which calls count. */
export interface SeenCalls extends CallCounts {
  readonly provider: string;
  /** Of the circuit under which they were claimed. */
  readonly epoch: number;
}

/** A change that this worker has made, with what it was decided on. */
export interface CircuitChange extends CircuitDecision, CallCounts {
  readonly provider: string;
  readonly from: CircuitPosition;
}

export interface FollowRequest {
  /** The worker, a UUID: its counts replace those that it gave last. */
  readonly workerId: string;
  readonly seen: readonly SeenCalls[];
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** A worker gives its counts every second while it has any; after this time in ms it is dead, or cannot reach us. */
const SILENT_AFTER_MS = 10_000;

/**
 * Gives what this worker has seen, and answers how all circuits stand, after changing those that must change: by the
 * database's clock, on what all workers have seen, one change of a circuit at a time. Costs one small read when there is
 * nothing to tell and nothing to change.
 * @throws DatabaseUnavailableError when the database is away.
 */
export async function followCircuits(
  db: Database,
  { workerId, seen, random }: FollowRequest,
): Promise<{ readonly circuits: readonly ProviderCircuit[]; readonly changes: readonly CircuitChange[] }> {
  if (seen.length > 0) await reportCalls(db, workerId, seen);
  const rows = await readCircuits(db, null);
  const circuits: ProviderCircuit[] = [];
  const changes: CircuitChange[] = [];
  for (const row of rows) {
    const changed = decide(row, random) === null ? undefined : await changeCircuit(db, row.circuit.provider, random);
    circuits.push(changed?.circuit ?? row.circuit);
    if (changed?.change !== undefined) changes.push(changed.change);
  }
  return { circuits, changes };
}

/** Removes counts of workers that have given none for so long, at most `limit`; answers how many. */
export async function dropOldProviderCalls(db: Database, ageMs: number, limit: number): Promise<number> {
  return (await runStatement(db, DROP_OLD_PROVIDER_CALLS, [ageMs, limit])).length;
}

async function reportCalls(db: Database, workerId: string, seen: readonly SeenCalls[]): Promise<void> {
  await runStatement(db, REPORT_PROVIDER_CALLS, [
    workerId,
    seen.map(({ provider }) => provider),
    seen.map(({ epoch }) => epoch),
    seen.map(({ calls }) => calls),
    seen.map(({ failures }) => failures),
  ]);
}

interface ReadCircuit {
  readonly circuit: ProviderCircuit;
  readonly counts: CallCounts;
  readonly openLeftMs: number;
}

async function readCircuits(on: Database | Transaction, provider: string | null): Promise<ReadCircuit[]> {
  const rows = await runStatement<CircuitRow>(on, READ_CIRCUITS, [provider, SILENT_AFTER_MS]);
  return rows.map((row) => ({
    circuit: {
      provider: row.name,
      state: readOneOf(CIRCUIT_STATES, row.circuit_state, "providers.circuit_state"),
      step: row.circuit_step,
      openings: row.circuit_openings,
      epoch: row.circuit_epoch,
      // Beyond the longest: the clock was set back.
      heldMs: row.held_ms === null || row.held_ms > HOLD_BELIEVED_MS ? 0 : Math.max(0, row.held_ms),
    },
    counts: { calls: row.calls, failures: row.failures },
    openLeftMs: row.open_left_ms ?? 0,
  }));
}

function decide({ circuit, counts, openLeftMs }: ReadCircuit, random: () => number): CircuitDecision | null {
  return decideCircuit(circuit, counts, { openLeftMs, random: random() });
}

/** Decides once more under the lock: another worker may have been first. */
async function changeCircuit(
  db: Database,
  provider: string,
  random: () => number,
): Promise<{ circuit: ProviderCircuit; change?: CircuitChange } | undefined> {
  return await inTransaction(db, async (tx) => {
    await runStatement(tx, LOCK_CIRCUIT, [provider]);
    const [row] = await readCircuits(tx, provider);
    if (row === undefined) return undefined;
    const decision = decide(row, random);
    if (decision === null) return { circuit: row.circuit };
    const { to, openForMs, reason } = decision;
    const { heldMs, state, step, openings } = row.circuit;
    const detail = { ...row.counts, step: to.step, openings: to.openings, open_for_ms: openForMs };
    const values = [provider, to.state, to.step, to.openings, reason, openForMs, JSON.stringify(detail)];
    const [changed] = await runStatement<{ circuit_epoch: number }>(tx, CHANGE_CIRCUIT, values);
    const epoch = changed?.circuit_epoch ?? row.circuit.epoch;
    return {
      circuit: { provider, ...to, epoch, heldMs },
      change: { provider, from: { state, step, openings }, ...decision, ...row.counts },
    };
  });
}

interface CircuitRow {
  name: string;
  circuit_state: string;
  circuit_step: number;
  circuit_openings: number;
  circuit_epoch: number;
  open_left_ms: number | null;
  held_ms: number | null;
  calls: number;
  failures: number;
}
