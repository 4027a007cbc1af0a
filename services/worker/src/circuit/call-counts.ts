import type { ProviderName } from "@sms-gateway/contracts";
import { CALLS_WINDOW_MS, type CircuitState, type SeenCalls } from "@sms-gateway/db";

/** What this worker has seen of its providers, per state of their circuits. */
export interface CallCounts {
  /** A call has ended that was claimed under this epoch of its provider's circuit; one of an older epoch counts no more. */
  add(provider: ProviderName, epoch: number, failed: boolean): void;
  /**
   * What the other workers must be told: of closed circuits the calls of the last 30 s, as long as there are any and once
   * when there are none any more; of others the calls since their change, when there are new ones.
   */
  toReport(stateOf: (provider: ProviderName) => CircuitState): SeenCalls[];
  /** These were told. */
  reported(seen: readonly SeenCalls[]): void;
}

/** Calls that ended in the same second. */
interface Second {
  readonly number: number;
  calls: number;
  failures: number;
}

interface Tally {
  readonly epoch: number;
  calls: number;
  failures: number;
  /** Of the last 30 s, the oldest first. */
  seconds: Second[];
}

/** @param now monotonic, in ms. */
export function createCallCounts(now: () => number = () => performance.now()): CallCounts {
  const tallies = new Map<ProviderName, Tally>();
  const told = new Map<string, SeenCalls>();

  function add(provider: ProviderName, epoch: number, failed: boolean): void {
    const known = tallies.get(provider);
    if (known !== undefined && epoch < known.epoch) return;
    const tally = known?.epoch === epoch ? known : { epoch, calls: 0, failures: 0, seconds: [] };
    tallies.set(provider, tally);
    dropOld(tally);
    const number = Math.floor(now() / 1000);
    const last = tally.seconds.at(-1);
    const second = last?.number === number ? last : { number, calls: 0, failures: 0 };
    if (second !== last) tally.seconds.push(second);
    for (const counts of [tally, second]) {
      counts.calls += 1;
      counts.failures += failed ? 1 : 0;
    }
  }

  function dropOld(tally: Tally): void {
    const first = Math.floor((now() - CALLS_WINDOW_MS) / 1000);
    tally.seconds = tally.seconds.filter(({ number }) => number > first);
  }

  function count(provider: ProviderName, tally: Tally, state: CircuitState): SeenCalls {
    const { epoch, seconds } = tally;
    const parts = state === "closed" ? seconds : [tally];
    return {
      provider,
      epoch,
      calls: parts.reduce((sum, { calls }) => sum + calls, 0),
      failures: parts.reduce((sum, { failures }) => sum + failures, 0),
    };
  }

  return {
    add,
    toReport: (stateOf) =>
      [...tallies].flatMap(([provider, tally]) => {
        dropOld(tally);
        const state = stateOf(provider);
        const seen = count(provider, tally, state);
        const last = told.get(provider);
        const isNew = last?.epoch !== seen.epoch || last.calls !== seen.calls || last.failures !== seen.failures;
        // While there are any they are repeated, for others drop what nobody repeats.
        return isNew || (state === "closed" && seen.calls > 0) ? [seen] : [];
      }),
    reported: (seen) => {
      for (const one of seen) told.set(one.provider, one);
    },
  };
}
