import type { Database } from "../connections.ts";
import { readObject, readOneOf } from "../read/stored-values.ts";
import { DROP_OLD_PROVIDER_CHANGES } from "../sql/drop-old-provider-changes.ts";
import { LIST_PROVIDER_CHANGES } from "../sql/list-provider-changes.ts";
import { LIST_PROVIDER_STATES } from "../sql/list-provider-states.ts";
import { inTransaction, runStatement } from "../transaction.ts";
import { CIRCUIT_STATES, type CircuitState } from "./decide-circuit.ts";

/** A provider as an operator looks at it. */
export interface ProviderState {
  readonly name: string;
  readonly enabled: boolean;
  readonly paused: boolean;
  readonly pausedReason: string | null;
  /** 1 is asked first. */
  readonly priority: number;
  /** Most open attempts, over all workers. */
  readonly maxInFlight: number;
  /** Most segments in a second, over all workers; null: no limit. */
  readonly messagesPerSecond: number | null;
  /** Calls that are open now, over all workers. */
  readonly openAttempts: number;
  /** Messages that are due and planned for it; 10 000 of a lane stand for that or more. */
  readonly queuedDue: number;
  readonly circuit: {
    readonly state: CircuitState;
    readonly since: Date;
    /** Why it changed last; null before its first change. */
    readonly reason: string | null;
    /** While it is half-open: 0 single probes, then growing shares. */
    readonly step: number;
    /** While it is open: when the first probe may go. */
    readonly opensAgainAt: Date | null;
  };
  /** It asked us to wait until then (`Retry-After`); null when it does not. */
  readonly heldUntil: Date | null;
  readonly accounts: readonly ("live" | "lab")[];
}

/** Something about a provider changed: its circuit, or by an operator. */
export interface ProviderChangeRecord {
  readonly provider: string;
  readonly at: Date;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Counted per lane; an operator wants to know whether it is many. */
const DUE_COUNTED_MAX = 10_000;

/** All providers with limits, load and circuit, in the order in which they are asked. */
export async function listProviderStates(db: Database): Promise<ProviderState[]> {
  const rows = await inTransaction(db, (tx) => runStatement<StateRow>(tx, LIST_PROVIDER_STATES, [DUE_COUNTED_MAX]));
  return rows.map((row) => ({
    name: row.name,
    enabled: row.enabled,
    paused: row.paused,
    pausedReason: row.paused_reason,
    priority: row.priority,
    maxInFlight: row.max_in_flight,
    messagesPerSecond: row.messages_per_second,
    openAttempts: row.open_attempts,
    queuedDue: row.queued_due,
    circuit: {
      state: readOneOf(CIRCUIT_STATES, row.circuit_state, "providers.circuit_state"),
      since: row.circuit_since,
      reason: row.circuit_reason,
      step: row.circuit_step,
      opensAgainAt: row.circuit_until,
    },
    heldUntil: row.held_until,
    accounts: row.accounts.map((kind) => readOneOf(["live", "lab"], kind, "provider_accounts.kind")),
  }));
}

/** The last changes of a provider, the latest first; none of a provider that does not exist. */
export async function listProviderChanges(
  db: Database,
  provider: string,
  limit: number,
): Promise<ProviderChangeRecord[]> {
  const rows = await runStatement<ChangeRow>(db, LIST_PROVIDER_CHANGES, [provider, limit]);
  return rows.map((row) => ({
    provider: row.provider,
    at: row.at,
    from: row.from_state,
    to: row.to_state,
    reason: row.reason,
    detail: readObject(row.detail) ?? {},
  }));
}

/** Removes changes that are older than that, at most `limit`; answers how many. */
export async function dropOldProviderChanges(db: Database, ageMs: number, limit: number): Promise<number> {
  return (await runStatement(db, DROP_OLD_PROVIDER_CHANGES, [ageMs, limit])).length;
}

interface StateRow {
  name: string;
  enabled: boolean;
  paused: boolean;
  paused_reason: string | null;
  priority: number;
  max_in_flight: number;
  messages_per_second: number | null;
  open_attempts: number;
  queued_due: number;
  circuit_state: string;
  circuit_step: number;
  circuit_since: Date;
  circuit_reason: string | null;
  circuit_until: Date | null;
  held_until: Date | null;
  accounts: string[];
}

interface ChangeRow {
  provider: string;
  at: Date;
  from_state: string;
  to_state: string;
  reason: string;
  detail: unknown;
}
