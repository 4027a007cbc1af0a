import { LANES, type Lane, PROVIDER_NAMES, type ProviderName } from "@sms-gateway/contracts";
import {
  type AttemptRow,
  changeMessages,
  type Database,
  findStranded,
  type LockedMessage,
  type MessageChange,
  type StrandedMessage,
} from "@sms-gateway/db";
import {
  type PlanningContext,
  type PlanRequest,
  type ProviderPlan,
  planProvider,
  probingOf,
  tracePlan,
} from "./plan-provider.ts";
import { nextRoundDelayMs, ROUNDS_MAX } from "./retry-schedule.ts";

/** What re-planning needs. */
export interface ReplanDeps {
  readonly db: Database;
  readonly planning: () => PlanningContext;
  /** Whether its circuit is open, or it wants us to wait for long. */
  readonly isAway: (provider: ProviderName) => boolean;
  readonly wake: (providers: ReadonlySet<ProviderName>) => void;
  /** From 0 to below 1. */
  readonly random?: () => number;
  /** Found by one look, which reads everything that is stranded in its lane; at least one batch. */
  readonly pageMax?: number;
}

export interface Replanner {
  /**
   * Moves due messages away from providers that were disabled or paused, or whose circuit opened, after they were planned:
   * to the next suitable one, the high lane first. Those for which there is none stay where they are until it comes back,
   * or their deadline; they are only read. Rejects while the database is away.
   *
   * @param signal ends the run after the batch that is under way.
   */
  replan(signal?: AbortSignal): Promise<void>;
  /**
   * The same when a provider is known to have become away or to be back since, when the last run was not the end, or some
   * time after it: 5 s, and 30 s when it has found messages twice in a row and could move none of them.
   */
  replanWhenDue(signal?: AbortSignal): Promise<void>;
  /** A provider has become away, or may take more than before. */
  hurry(): void;
}

/** Messages changed in one transaction. */
const BATCH_MAX = 500;
const PAGE_MAX = 20 * BATCH_MAX;
/** Looks of one run: 200 000 messages. What is left comes with the next run, which begins with the high lane again. */
const PAGES_MAX = 20;
/** Finds what nobody tells us of: a provider paused by an operator, and what another worker has planned meanwhile. */
const AT_LEAST_EVERY_MS = 5_000;
/** Between runs that read what is stranded and can move none of it: a lane of 400 000 takes a second to read. */
const IN_VAIN_EVERY_MS = 30_000;

/** What one run, or one look of it, has come to. */
interface Progress {
  readonly found: number;
  readonly moved: number;
  /** Nothing is left behind it: of the lane, or of all. */
  readonly isWhole: boolean;
}

/** Makes the sweep that moves stranded messages. */
export function createReplanner(deps: ReplanDeps): Replanner {
  const { db, planning, pageMax = PAGE_MAX } = deps;
  const afterIds = new Map<Lane, string>();
  let dueAtMs = 0;
  let runsInVain = 0;
  let knownProviders: PlanningContext["providers"] | undefined;

  async function replan(signal?: AbortSignal): Promise<void> {
    // Before the first look: whoever hurries us during it is not forgotten.
    const startedDueAtMs = performance.now() + AT_LEAST_EVERY_MS;
    dueAtMs = startedDueAtMs;
    const { found, moved, isWhole } = await replanLanes(signal);
    runsInVain = isWhole && found > 0 && moved === 0 ? runsInVain + 1 : 0;
    if (!isWhole && moved > 0) return hurry();
    if (runsInVain > 1 && dueAtMs === startedDueAtMs) dueAtMs = performance.now() + IN_VAIN_EVERY_MS;
  }

  async function replanLanes(signal?: AbortSignal): Promise<Progress> {
    const isStopping = (): boolean => signal?.aborted === true;
    let pages = 0;
    let found = 0;
    let moved = 0;
    let isHighWhole = true;
    const replanNext = async (lane: Lane): Promise<Progress> => {
      const page = await replanPage(lane, signal);
      pages += 1;
      found += page.found;
      moved += page.moved;
      return page;
    };
    for (const lane of LANES) {
      for (let isWhole = false; !isWhole; ) {
        if (pages >= PAGES_MAX || isStopping()) return { found, moved, isWhole: false };
        const page = await replanNext(lane);
        // Moving takes seconds: a code that was stranded meanwhile does not wait for the whole campaign.
        if (page.moved > 0 && lane !== "high" && !isStopping()) isHighWhole = (await replanNext("high")).isWhole;
        isWhole = page.isWhole;
      }
    }
    return { found, moved, isWhole: isHighWhole };
  }

  async function replanPage(lane: Lane, signal?: AbortSignal): Promise<Progress> {
    const stranded = await findStranded(db, lane, { limit: pageMax, afterId: afterIds.get(lane) ?? null });
    let moved = 0;
    for (let start = 0; start < stranded.length; start += BATCH_MAX) {
      if (signal?.aborted === true) return { found: stranded.length, moved, isWhole: false };
      const batch = stranded.slice(start, start + BATCH_MAX);
      moved += await moveBatch(deps, batch, lane);
      afterIds.set(lane, batch.at(-1)?.id ?? "");
    }
    const isWhole = stranded.length < pageMax;
    if (isWhole) afterIds.delete(lane);
    return { found: stranded.length, moved, isWhole };
  }

  function hurry(): void {
    dueAtMs = 0;
  }

  return {
    replan,
    hurry,
    async replanWhenDue(signal) {
      const { providers } = planning();
      // An operator has enabled or paused one: the directory is another.
      if (providers !== knownProviders) hurry();
      knownProviders = providers;
      if (performance.now() >= dueAtMs) await replan(signal);
    },
  };
}

/** Locks and writes only what has somewhere to go; answers how many were moved. */
async function moveBatch(deps: ReplanDeps, batch: readonly StrandedMessage[], lane: Lane): Promise<number> {
  const { db, planning, isAway, wake, random = Math.random } = deps;
  const context = planning();
  const plans = new Map<string, PlannedMove>();
  for (const message of batch) {
    const change = isStranded(message.plannedProvider, context, isAway)
      ? planAnew(message, lane, { ...context, random })
      : null;
    if (change !== null) plans.set(message.id, { message, change });
  }
  if (plans.size === 0) return 0;
  // By id: after a deadlock the same message is decided about again.
  const moved = new Map<string, string>();
  await changeMessages(db, [...plans.keys()], "claim", (message, attempts) => {
    const plan = plans.get(message.id);
    if (plan === undefined || !isStillTrue(plan, message, attempts)) return null;
    moved.set(message.id, plan.change.plannedProvider);
    return plan.change;
  });
  const providers = new Set(moved.values());
  wake(new Set(PROVIDER_NAMES.filter((name) => providers.has(name))));
  return moved.size;
}

interface PlannedMove {
  readonly message: StrandedMessage;
  readonly change: MessageChange & { readonly plannedProvider: string };
}

/** Whether the locked message is as it was when its move was planned. */
function isStillTrue(
  { message, change }: PlannedMove,
  locked: LockedMessage,
  attempts: readonly AttemptRow[],
): boolean {
  if (locked.status !== "queued" && locked.status !== "scheduled") return false;
  if (locked.eventCount !== message.eventCount || locked.plannedProvider !== message.plannedProvider) return false;
  return !attempts.some(({ outcome, provider }) => outcome === "rejected" && provider === change.plannedProvider);
}

function isStranded(
  plannedProvider: string | null,
  { providers }: PlanningContext,
  isAway: ReplanDeps["isAway"],
): boolean {
  const present = providers.find(({ name }) => name === plannedProvider);
  return present === undefined || !present.enabled || present.paused || isAway(present.name);
}

/** Somebody who was asked in this round, one that may have the message only when nobody else suits. */
function planNextRound(
  request: Omit<PlanRequest, "tried">,
  { tried, inDoubtAt }: StrandedMessage,
  context: PlanningContext,
): ProviderPlan | null {
  const elsewhere = tried.length > 0 ? planProvider({ ...request, tried: new Set(inDoubtAt) }, context) : null;
  if (elsewhere !== null && elsewhere.provider !== null) return elsewhere;
  return inDoubtAt.length > 0 ? planProvider({ ...request, tried: new Set() }, context) : null;
}

/** The next provider of this round; nobody left: the next round, after a wait (architecture.md 5.6). Null: nobody at all. */
function planAnew(
  message: StrandedMessage,
  lane: Lane,
  context: PlanningContext & { readonly random: () => number },
): PlannedMove["change"] | null {
  const request = {
    requested: message.providers,
    simulated: message.simulated,
    messageType: message.messageType,
    sender: message.fromNumber,
    ruledOut: new Set(message.refusedBy),
    ...probingOf(lane, { isLater: false }),
  };
  const next = planProvider({ ...request, tried: new Set([...message.tried, ...message.inDoubtAt]) }, context);
  if (next.provider !== null) return { plannedProvider: next.provider, trace: tracePlan("replan", next) };
  if (message.round >= ROUNDS_MAX) return null;
  const anew = planNextRound(request, message, context);
  if (anew === null || anew.provider === null) return null;
  return {
    plannedProvider: anew.provider,
    round: message.round + 1,
    tried: [],
    dueInMs: nextRoundDelayMs(message.round, 0, context.random),
    trace: tracePlan("replan", anew),
  };
}
