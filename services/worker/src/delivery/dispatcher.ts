import { PROVIDER_NAMES, type ProviderName } from "@sms-gateway/contracts";
import type { Database } from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import type { ProviderAccounts } from "../accounts/provider-accounts.ts";
import type { Circuits } from "../circuit/follow-circuits.ts";
import type { KnownDirectory } from "../directory/known-directory.ts";
import { endsWithin } from "../ends-within.ts";
import type { WorkerMetrics } from "../metrics.ts";
import { createOutageLog } from "../outage-log.ts";
import type { CallbackAddresses } from "./callback-address.ts";
import { createClaim } from "./claim-messages.ts";
import { createDispatchLoop, type DispatchLoop } from "./dispatch-loop.ts";
import { createLostClaims } from "./lost-claims.ts";
import type { PlanningContext } from "./plan-provider.ts";
import { createAttemptSettler } from "./settle-attempts.ts";
import { LEASE_MARGIN_MS, submitMessage } from "./submit-message.ts";

/** What dispatching needs. */
export interface DispatcherDeps {
  readonly db: Database;
  readonly directory: KnownDirectory;
  readonly accounts: ProviderAccounts;
  readonly addresses: CallbackAddresses;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  readonly planning: () => PlanningContext;
  readonly circuits: Circuits;
  readonly submitTimeoutMs: number;
  /** Calls of one provider that may be open at a time. */
  readonly maxInFlight: number;
}

/** Claims, submits and settles, for every provider. */
export interface Dispatcher {
  /** These providers have something due. */
  wake(providers: ReadonlySet<ProviderName>): void;
  /** Makes messages due again whose claim was committed and its answer lost. Rejects while the database is away. */
  giveBackLost(): Promise<void>;
  /**
   * Claims no more and waits until every call has ended and its result is in the database, for `deadlineMs` at most.
   * Says whether everything is; if not, the attempts' leases will end them.
   */
  stop(deadlineMs: number): Promise<boolean>;
}

/** Creates a dispatcher that is running. */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { directory, circuits, metrics, submitTimeoutMs } = deps;
  const abort = new AbortController();
  const loops = new Map<ProviderName, DispatchLoop>();

  function wake(providers: ReadonlySet<ProviderName>): void {
    for (const provider of providers) loops.get(provider)?.wake();
  }

  const settler = createAttemptSettler({ ...deps, wake });
  const lostClaims = createLostClaims({ ...deps, wake });
  const outages = createOutageLog("claim", deps);
  const submitDeps = { ...deps, signal: abort.signal };
  for (const provider of PROVIDER_NAMES) {
    const loop = createDispatchLoop({
      slots: deps.maxInFlight,
      mayClaim: () =>
        circuits.mayClaim(provider) &&
        directory.providers().some((one) => one.name === provider && one.enabled && !one.paused),
      claim: createClaim(deps.db, { provider, leaseMs: submitTimeoutMs + LEASE_MARGIN_MS, onLost: lostClaims.add }),
      // A slot stays taken until the result is in the database: a database that is slow or away slows down claiming.
      submit: async (attempt) => {
        const result = await submitMessage(submitDeps, attempt);
        // First: what the result says of its provider matters to where its message goes next.
        const observed = circuits.observe(attempt, result.result);
        const written = settler.add(result);
        metrics.unsettledResults.set(settler.size());
        await Promise.all([written, observed]);
        metrics.unsettledResults.set(settler.size());
      },
      outages,
    });
    loops.set(provider, loop);
  }

  return {
    wake,
    giveBackLost: lostClaims.giveBack,
    async stop(deadlineMs) {
      const isEnded = await endsWithin(Promise.all([...loops.values()].map((loop) => loop.stop())), deadlineMs);
      abort.abort();
      return isEnded;
    },
  };
}
