import { LANES, type Lane, PROVIDER_NAMES, type ProviderName } from "@sms-gateway/contracts";
import {
  type AttemptRow,
  changeMessages,
  type Database,
  findStranded,
  type LockedMessage,
  type MessageChange,
} from "@sms-gateway/db";
import { type PlanningContext, type ProviderPlan, planProvider, tracePlan } from "./plan-provider.ts";

/** What re-planning needs. */
export interface ReplanDeps {
  readonly db: Database;
  readonly planning: () => PlanningContext;
  /** Whether its circuit is open, or it wants us to wait for long. */
  readonly isAway: (provider: ProviderName) => boolean;
  readonly wake: (providers: ReadonlySet<ProviderName>) => void;
}

export interface Replanner {
  /**
   * Moves due messages away from providers that were disabled or paused, or whose circuit opened, after they were planned:
   * to the next suitable one, the high lane first. Those for which there is none stay where they are until it comes back,
   * or their deadline. Rejects while the database is away.
   */
  replan(): Promise<void>;
  /** The same when something is known to have become away since, when the last run was not the end, or 5 s after it. */
  replanWhenDue(): Promise<void>;
  /** A provider has become away. */
  hurry(): void;
}

/** Messages changed in one transaction. */
const BATCH_MAX = 500;
/** Found by one look, which reads everything that is stranded in its lane. */
const PAGE_MAX = 20 * BATCH_MAX;
/** Looks of one run: 200 000 messages. What is left comes with the next run, which begins with the high lane again. */
const PAGES_MAX = 20;
/** Finds what nobody tells us of: a provider paused by an operator, and what another worker has planned meanwhile. */
const AT_LEAST_EVERY_MS = 5_000;

/** Makes the sweep that moves stranded messages. */
export function createReplanner(deps: ReplanDeps): Replanner {
  const { db, planning, isAway, wake } = deps;
  const afterIds = new Map<Lane, string>();
  let dueAtMs = 0;

  async function replan(): Promise<void> {
    // Before the first look: whoever hurries us during it is not forgotten.
    dueAtMs = performance.now() + AT_LEAST_EVERY_MS;
    let pages = 0;
    for (const lane of LANES) {
      for (let isWhole = false; !isWhole; pages += 1) {
        if (pages === PAGES_MAX) return hurry();
        isWhole = await replanPage(lane);
      }
    }
  }

  /** Answers whether that was the last page of the lane. */
  async function replanPage(lane: Lane): Promise<boolean> {
    const ids = await findStranded(db, lane, { limit: PAGE_MAX, afterId: afterIds.get(lane) ?? null });
    for (let start = 0; start < ids.length; start += BATCH_MAX) {
      const batch = ids.slice(start, start + BATCH_MAX);
      await replanBatch(batch);
      afterIds.set(lane, batch.at(-1) ?? "");
    }
    const isWhole = ids.length < PAGE_MAX;
    if (isWhole) afterIds.delete(lane);
    return isWhole;
  }

  async function replanBatch(ids: readonly string[]): Promise<void> {
    const planned = new Set<string>();
    const context = planning();
    await changeMessages(db, ids, "claim", (message, attempts) => {
      // Moved by another worker since, or its provider has come back.
      if (!isStranded(message, context)) return null;
      const plan = planAnew(message, attempts, context);
      if (plan.provider === null || plan.provider === message.plannedProvider) return null;
      planned.add(plan.provider);
      return { plannedProvider: plan.provider, trace: tracePlan("replan", plan) } satisfies MessageChange;
    });
    wake(new Set(PROVIDER_NAMES.filter((name) => planned.has(name))));
  }

  function isStranded({ status, plannedProvider }: LockedMessage, { providers }: PlanningContext): boolean {
    if (status !== "queued" && status !== "scheduled") return false;
    const present = providers.find(({ name }) => name === plannedProvider);
    return present === undefined || !present.enabled || present.paused || isAway(present.name);
  }

  function hurry(): void {
    dueAtMs = 0;
  }

  return {
    replan,
    hurry,
    async replanWhenDue() {
      if (performance.now() >= dueAtMs) await replan();
    },
  };
}

function planAnew(message: LockedMessage, attempts: readonly AttemptRow[], context: PlanningContext): ProviderPlan {
  const request = {
    requested: message.providers,
    simulated: message.simulated,
    messageType: message.messageType,
    sender: message.fromNumber,
    tried: new Set(message.tried),
    ruledOut: new Set(attempts.filter(({ outcome }) => outcome === "rejected").map((one) => one.provider)),
  };
  return planProvider(request, context);
}
