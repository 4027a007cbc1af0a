import { randomUUID } from "node:crypto";
import { PROVIDER_NAMES, type ProviderName } from "@sms-gateway/contracts";
import {
  type CircuitChange,
  type CircuitState,
  type Database,
  followCircuits,
  HOLD_MAX_MS,
  HOLD_STRANDS_MS,
  holdProvider,
} from "@sms-gateway/db";
import type { SubmitResult } from "@sms-gateway/providers";
import type { Logger } from "@sms-gateway/runtime";
import type { ClaimedAttempt } from "../delivery/claim-messages.ts";
import type { CircuitVisit } from "../delivery/plan-provider.ts";
import type { KnownDirectory } from "../directory/known-directory.ts";
import type { WorkerMetrics } from "../metrics.ts";
import { createOutageLog } from "../outage-log.ts";
import { createCallCounts } from "./call-counts.ts";
import { createCircuitGate } from "./circuit-gate.ts";
import { weighResult } from "./weigh-result.ts";

/** What following the circuits needs. */
export interface CircuitsDeps {
  readonly db: Database;
  readonly directory: Pick<KnownDirectory, "providers">;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/** The circuits of all providers, as this worker knows them and adds to them. */
export interface Circuits {
  /**
   * Whether the next message may be planned for this provider; takes of the share of one that is returning, unless the
   * message had better not be a probe: a spared one, or one whose call does not count. As the last resort only those pass
   * that were not let through for this reason.
   */
  passes(provider: ProviderName, visit: CircuitVisit): boolean;
  /** Whether claims may find anything: the database has the last word. */
  mayClaim(provider: ProviderName): boolean;
  /** Whether what is planned for it had better go elsewhere. */
  isAway(provider: ProviderName): boolean;
  /**
   * A call has ended: it counts, and what it says about waiting is kept, at once here and with this promise for all workers.
   * Only calls through the account that carries the real traffic: the live one, or the lab's where there is no other.
   * Never rejects.
   */
  observe(attempt: ClaimedAttempt, result: SubmitResult): Promise<void>;
  /** One look: tells what was seen, learns what all have decided. Rejects while the database is away. */
  follow(): Promise<void>;
  /** Calls back with each look that finds a circuit in another state than the last, or a provider that came away or back. */
  onChange(call: () => void): void;
}

/** Answers that come together extend a hold by next to nothing: not worth a write each. In ms. */
const HOLD_EXTENDS_MS = 100;
const GAUGE_OF: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 0.5, open: 1 };

/** Makes this worker's view of the circuits; `follow` runs every second. */
export function createCircuits(deps: CircuitsDeps): Circuits {
  const { db, directory, metrics, logger, random = Math.random } = deps;
  const workerId = randomUUID();
  const counts = createCallCounts();
  const gate = createCircuitGate();
  const holdOutages = createOutageLog("hold_provider", deps);
  const listeners: (() => void)[] = [];

  const stateOf = (provider: ProviderName): CircuitState => gate.circuit(provider)?.state ?? "closed";
  const isAway = (provider: ProviderName): boolean =>
    stateOf(provider) === "open" || gate.heldMs(provider) > HOLD_STRANDS_MS;

  const describe = (): string => PROVIDER_NAMES.map((name) => `${stateOf(name)} ${isAway(name)}`).join();
  let known = describe();

  function isWatched(provider: ProviderName, account: "live" | "lab"): boolean {
    const hasLive = directory.providers().some(({ name, accounts }) => name === provider && accounts.live);
    return account === (hasLive ? "live" : "lab");
  }

  function passes(provider: ProviderName, { simulated, isSpared, isLastResort }: CircuitVisit): boolean {
    const isNoProbe =
      isSpared || (stateOf(provider) === "half_open" && !isWatched(provider, simulated ? "lab" : "live"));
    return isLastResort ? isNoProbe && gate.passes(provider) : gate.passes(provider, isNoProbe);
  }

  async function hold(provider: ProviderName, retryAfterMs: number): Promise<void> {
    const forMs = Math.min(retryAfterMs, HOLD_MAX_MS);
    if (gate.hold(provider, forMs) < HOLD_EXTENDS_MS) return;
    logger.info({ event: "provider.held", provider, for_ms: forMs }, "it asked us to wait");
    try {
      await holdProvider(db, provider, forMs);
      holdOutages.worked();
    } catch (error) {
      holdOutages.failed(error);
    }
  }

  function tell({ provider, from, to, reason, calls, failures, openForMs }: CircuitChange): void {
    metrics.providerCircuitChanges.inc({ provider, to: to.state });
    const level = to.state === "open" ? "warn" : "info";
    const fields = { provider, from: from.state, to: to.state, step: to.step, reason, calls, failures };
    logger[level]({ event: "provider.circuit_changed", ...fields, open_for_ms: openForMs });
  }

  return {
    passes,
    mayClaim: (provider) => stateOf(provider) !== "open" && gate.heldMs(provider) === 0,
    isAway,
    async observe(attempt, result) {
      const { provider, circuitEpoch } = attempt;
      gate.probeEnded(provider, circuitEpoch);
      if (!isWatched(provider, attempt.message.account)) return;
      const weight = weighResult(result);
      if (weight !== "nothing") counts.add(provider, circuitEpoch, weight === "failed");
      const retryAfterMs = result.outcome === "try_later" ? (result.retryAfterMs ?? 0) : 0;
      if (retryAfterMs > 0) await hold(provider, retryAfterMs);
    },
    async follow() {
      const seen = counts.toReport(stateOf);
      const { circuits, changes } = await followCircuits(db, { workerId, seen, random });
      counts.reported(seen);
      for (const circuit of circuits) {
        gate.follow(circuit);
        metrics.providerCircuit.set({ provider: circuit.provider }, GAUGE_OF[circuit.state]);
      }
      changes.forEach(tell);
      const before = known;
      known = describe();
      if (known !== before) for (const call of listeners) call();
    },
    onChange: (call) => void listeners.push(call),
  };
}
