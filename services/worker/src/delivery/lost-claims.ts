/*
 * Claims of this worker whose answer never came. The database may have committed them all the same, and then their
 * attempts are open although nobody will ever call a provider for them: they are given back.
 *
 * kept:   from the failure. Asked for once per run; while the database is away nothing changes.
 * gone:   found and given back, or not found by a look that began so long after the failure that nothing can still be
 *         committed. The oldest is forgotten first when there are too many; leases end its attempts.
 */
import { PROVIDER_NAMES, type ProviderName } from "@sms-gateway/contracts";
import { type Database, type GivenBack, giveBackClaims } from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import type { WorkerMetrics } from "../metrics.ts";
import { observeChanges } from "./observe-changes.ts";

/** What giving claims back needs. */
export interface LostClaimsDeps {
  readonly db: Database;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  readonly wake: (providers: ReadonlySet<ProviderName>) => void;
  /** Asks the database; another one in tests. */
  readonly giveBack?: (db: Database, claimIds: readonly string[]) => Promise<GivenBack>;
  /** Monotonic, in ms. */
  readonly now?: () => number;
}

export interface LostClaims {
  /** A claim with this id was asked for and has rejected. */
  add(claimId: string): void;
  /** Gives back what can be found by now. Rejects while the database is away. */
  giveBack(): Promise<void>;
}

const KEPT_MAX = 1_000;
/** Above the longest statement (10 s) and the time in which the server notices that we are gone. */
const SETTLED_AFTER_MS = 30_000;

/** Makes the memory of lost claims; it is this worker's own, nobody else can know of them. */
export function createLostClaims(deps: LostClaimsDeps): LostClaims {
  const { db, metrics, logger, giveBack = giveBackClaims, now = () => performance.now() } = deps;
  const lostAtMs = new Map<string, number>();

  return {
    add(claimId) {
      lostAtMs.set(claimId, now());
      if (lostAtMs.size <= KEPT_MAX) return;
      lostAtMs.delete(lostAtMs.keys().next().value ?? "");
      metrics.failures.inc({ part: "lost_claim_forgotten" });
    },
    async giveBack() {
      if (lostAtMs.size === 0) return;
      const askedAtMs = now();
      const { claimIds, changes } = await giveBack(db, [...lostAtMs.keys()]);
      for (const id of claimIds) lostAtMs.delete(id);
      for (const [id, lostMs] of lostAtMs) if (askedAtMs - lostMs >= SETTLED_AFTER_MS) lostAtMs.delete(id);
      observeChanges(metrics, changes);
      if (claimIds.length === 0) return;
      const ids = changes.map(({ id }) => id);
      logger.warn(
        { event: "claim.given_back", claims: claimIds.length, message_ids: ids },
        "the answer to a claim was lost; its messages are due again",
      );
      deps.wake(new Set(PROVIDER_NAMES.filter((name) => changes.some(({ provider }) => provider === name))));
    },
  };
}
