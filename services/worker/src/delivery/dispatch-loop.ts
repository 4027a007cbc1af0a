/*
 * Claims due messages for one provider and hands them to be submitted.
 *
 * idle:     nothing due, or no slot free. Left by `wake()` (something was recorded or failed over), by a freed slot when
 *           the last look left something behind, and by the poll, which also finds what becomes due by its time and what
 *           another worker has recorded and cannot send itself.
 * claiming: asks lane after lane, high first, and starts over with high whenever a claim was filled, so that a campaign
 *           waits behind a code and not the other way round. Left when every lane is empty or no slot is free.
 * waiting:  a lane whose next message the provider does not take yet, until the time that its claim was told; the lanes
 *           below it wait with it, for what they took would keep it waiting. The lanes above it do not.
 * stopped:  claims no more; what was claimed is finished.
 *
 * A fifth of the slots is kept for the high lane, or a slow provider full of campaigns would keep a code waiting for a slot.
 *
 * Trade: one loop per provider means one claim at a time per provider, but no provider's slow claim delays another's.
 */
import { LANES, type Lane } from "@sms-gateway/contracts";

/** What a claim of one lane brought. */
export interface LaneClaim<Claimed> {
  readonly claimed: readonly Claimed[];
  /** There is more, which the provider takes in so many ms: its rate, or what it asked us to wait. Null: not because of that. */
  readonly waitMs: number | null;
  /** There may be more, though slots were left: calls must end first, or not everybody was looked at. */
  readonly mayBeMore: boolean;
}

/** What the loop needs. */
export interface DispatchLoopDeps<Claimed> {
  /** Most messages under way at a time. */
  readonly slots: number;
  /** Whether to claim at all now: the provider is operational, and results find their way into the database. */
  readonly mayClaim: () => boolean;
  /** Claims up to `slots` due messages of a lane; fewer mean that no more are due, or that the provider takes no more now. */
  readonly claim: (lane: Lane, slots: number) => Promise<LaneClaim<Claimed>>;
  /** Submits one of them; the slot is free when this settles. Never rejects. */
  readonly submit: (claimed: Claimed) => Promise<void>;
  /** Told how each look for due messages went; after a failure (the database is away) the next comes with the poll. */
  readonly outages: { failed(error: unknown): void; worked(): void };
}

export interface DispatchLoop {
  /** Something may be due. */
  wake(): void;
  /** Messages under way. */
  inFlight(): number;
  /** Claims no more and waits for everything under way; the submit timeout bounds it. */
  stop(): Promise<void>;
}

/** Finds what becomes due by its time, or was recorded by another worker. Short against a person's patience. */
const POLL_EVERY_MS = 500;
/**
 * After a look that took long, because there are thousands of clients with nothing due yet or the database is busy, the poll
 * waits for so many times as long, so that looking takes a quarter of the time at most; but no longer than the next constant.
 */
const POLL_REST_SHARE = 3;
const POLL_REST_MAX_MS = 1_000;
/** Slots that become free together are filled by one claim; 5 ms are lost against a submit and win a query per slot. */
const GATHER_SLOTS_MS = 5;
/** The same for a rate that lets a message through every few ms. */
const WAIT_MIN_MS = 25;
/** An operator may have raised the rate meanwhile, or somebody canceled what we wait for. */
const WAIT_MAX_MS = 1_000;

/** Creates a loop that is running. */
export function createDispatchLoop<Claimed>(deps: DispatchLoopDeps<Claimed>): DispatchLoop {
  const underWay = new Set<Promise<void>>();
  let claiming: Promise<void> | undefined;
  let isWoken = false;
  let hasFailed = false;
  let stopped = false;
  let restUntilMs = 0;
  const leftovers = createLeftovers(wake);
  const waiting = new Map<Lane, NodeJS.Timeout>();
  const keptForHigh = Math.max(0, Math.min(deps.slots - 1, Math.ceil(deps.slots / 5)));

  const freeSlots = (lane: Lane): number => deps.slots - underWay.size - (lane === "high" ? 0 : keptForHigh);

  function wake(): void {
    isWoken = true;
    if (stopped) return;
    claiming ??= claimWhileDue().finally(() => {
      claiming = undefined;
      // Woken between the last look and this line; after a failed claim the poll comes instead.
      if (isWoken && !hasFailed) wake();
    });
  }

  async function claimWhileDue(): Promise<void> {
    while (isWoken && !stopped) {
      isWoken = false;
      hasFailed = false;
      leftovers.beginLook();
      const startedAtMs = performance.now();
      try {
        await claimLanes();
        const endedAtMs = performance.now();
        restUntilMs = endedAtMs + Math.min(POLL_REST_MAX_MS, POLL_REST_SHARE * (endedAtMs - startedAtMs));
        deps.outages.worked();
        leftovers.endLook();
      } catch (error) {
        hasFailed = true;
        leftovers.leave();
        deps.outages.failed(error);
        return;
      }
    }
  }

  async function claimLanes(): Promise<void> {
    let isFilled = true;
    while (isFilled) {
      isFilled = false;
      for (const lane of LANES) {
        const slots = freeSlots(lane);
        if (waiting.has(lane) || stopped) return;
        if (slots <= 0 || !deps.mayClaim()) return leftovers.leave();
        const { claimed, waitMs, mayBeMore } = await deps.claim(lane, slots);
        claimed.forEach(startSubmit);
        if (mayBeMore) leftovers.leave();
        if (waitMs !== null) return wait(lane, waitMs);
        isFilled = claimed.length >= slots;
        if (isFilled) break;
      }
    }
  }

  function wait(lane: Lane, forMs: number): void {
    const boundedMs = Math.ceil(Math.min(WAIT_MAX_MS, Math.max(WAIT_MIN_MS, forMs)));
    const timer = setTimeout(() => {
      waiting.delete(lane);
      wake();
    }, boundedMs);
    waiting.set(lane, timer);
  }

  function startSubmit(claimed: Claimed): void {
    const submit = deps.submit(claimed).finally(() => {
      underWay.delete(submit);
      leftovers.freeSlot();
    });
    underWay.add(submit);
  }

  const poll = setInterval(() => {
    if (performance.now() >= restUntilMs) wake();
  }, POLL_EVERY_MS);
  wake();

  return {
    wake,
    inFlight: () => underWay.size,
    async stop() {
      stopped = true;
      clearInterval(poll);
      await claiming;
      await Promise.all(underWay);
      leftovers.stop();
      for (const timer of waiting.values()) clearTimeout(timer);
    },
  };
}

/** Looks again when a slot becomes free, where the last look has left something behind, and not otherwise. */
function createLeftovers(lookAgain: () => void) {
  let isLeft = false;
  let isFreed = false;
  let timer: NodeJS.Timeout | undefined;

  function lookAgainSoon(): void {
    if (!isLeft || !isFreed) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      lookAgain();
    }, GATHER_SLOTS_MS);
  }

  return {
    beginLook(): void {
      isLeft = false;
      isFreed = false;
    },
    /** The look that is under way leaves something behind. */
    leave(): void {
      isLeft = true;
    },
    /** A slot that became free during the look may have been counted as taken. */
    endLook: lookAgainSoon,
    freeSlot(): void {
      isFreed = true;
      lookAgainSoon();
    },
    stop: () => clearTimeout(timer),
  };
}
