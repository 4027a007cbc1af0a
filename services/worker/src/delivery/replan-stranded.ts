import { PROVIDER_NAMES, type ProviderName } from "@sms-gateway/contracts";
import {
  type AttemptRow,
  changeMessages,
  type Database,
  findStranded,
  type LockedMessage,
  type MessageChange,
} from "@sms-gateway/db";
import type { KnownDirectory } from "../directory/known-directory.ts";
import { planProvider } from "./plan-provider.ts";

/** What re-planning needs. */
export interface ReplanDeps {
  readonly db: Database;
  readonly directory: KnownDirectory;
  readonly defaultProvider: ProviderName | undefined;
  readonly wake: (providers: ReadonlySet<ProviderName>) => void;
}

/** Messages changed in one transaction, and looked at in one run; the next run goes on behind them. */
const BATCH_MAX = 500;
const RUN_MAX = 20 * BATCH_MAX;

/**
 * Makes the sweep that moves due messages away from a provider that was disabled or paused after they were planned, to
 * the next suitable one. Those for which there is none stay where they are until it comes back, or their deadline.
 */
export function createReplanSweep({ db, directory, defaultProvider, wake }: ReplanDeps): () => Promise<void> {
  let afterId: string | null = null;

  return async function replanStranded() {
    // One look for all batches: it reads everything that is stranded.
    const ids = await findStranded(db, RUN_MAX, afterId);
    for (let start = 0; start < ids.length; start += BATCH_MAX) {
      const batch = ids.slice(start, start + BATCH_MAX);
      await replanBatch(batch);
      afterId = batch.at(-1) ?? null;
    }
    if (ids.length < RUN_MAX) afterId = null;
  };

  async function replanBatch(ids: readonly string[]): Promise<void> {
    const planned = new Set<string>();
    await changeMessages(db, ids, "claim", (message, attempts) => {
      const plannedProvider = planAnew(message, attempts);
      if (plannedProvider === null) return null;
      planned.add(plannedProvider);
      return { plannedProvider } satisfies MessageChange;
    });
    wake(new Set(PROVIDER_NAMES.filter((name) => planned.has(name))));
  }

  function planAnew(message: LockedMessage, attempts: readonly AttemptRow[]): ProviderName | null {
    if (message.status !== "queued" && message.status !== "scheduled") return null;
    const provider = planProvider({
      requested: message.providers,
      simulated: message.simulated,
      messageType: message.messageType,
      sender: message.fromNumber,
      providers: directory.providers(),
      defaultProvider,
      tried: new Set(message.tried),
      ruledOut: new Set(attempts.filter(({ outcome }) => outcome === "rejected").map((one) => one.provider)),
    });
    return provider === message.plannedProvider ? null : provider;
  }
}
