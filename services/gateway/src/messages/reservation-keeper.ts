import { type Admission, AdmissionUnavailableError, type ReservationRef } from "@sms-gateway/contracts";

/** What may follow an admission. */
export type ReservationStep = "settle" | "release" | "abandon";

/**
 * Carries out what follows an admission in the background: `settle`, `release` and `abandon` are never waited for by a
 * request, and each is repeated while the store is away, for 30 s at the most (architecture.md 5.1). All three are
 * fenced and idempotent, so a repetition is harmless; what still fails then is healed by the take-over.
 */
export interface ReservationKeeper {
  settle(ref: ReservationRef): void;
  release(ref: ReservationRef): void;
  abandon(ref: ReservationRef): void;
  /** Waits for what is under way, at most `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>;
}

export interface ReservationKeeperOptions {
  readonly admission: Pick<Admission, ReservationStep>;
  /**
   * Steps that the store is asked for at a time; default: all. For a store with few connections: after an outage thousands
   * of steps wait, and must not stand before those who ask to be admitted.
   */
  readonly atATime?: number;
  /** Told of every step that was given up. Must not throw. */
  readonly onGivenUp: (step: ReservationStep, ref: ReservationRef, error: unknown) => void;
}

const REPEAT_FOR_MS = 30_000;
const PAUSE_FIRST_MS = 50;
const PAUSE_CAP_MS = 2_000;
/** Bounds memory during a long outage: what comes beyond is left to the take-over at once. */
const PENDING_MAX = 50_000;

/** Makes the keeper of one gateway process. */
export function createReservationKeeper({
  admission,
  atATime = Number.POSITIVE_INFINITY,
  onGivenUp,
}: ReservationKeeperOptions): ReservationKeeper {
  const pending = new Set<Promise<void>>();
  const inTurn = createTurns(atATime);

  const carryOut = async (step: ReservationStep, ref: ReservationRef): Promise<void> => {
    try {
      await repeatWhileAway(() => inTurn(() => admission[step](ref)));
    } catch (error) {
      onGivenUp(step, ref, error);
    }
  };

  const begin = (step: ReservationStep, ref: ReservationRef): void => {
    if (pending.size >= PENDING_MAX) {
      onGivenUp(step, ref, new Error("too many steps are waiting"));
      return;
    }
    const work = carryOut(step, ref);
    pending.add(work);
    void work.then(() => pending.delete(work));
  };

  return {
    settle: (ref) => begin("settle", ref),
    release: (ref) => begin("release", ref),
    abandon: (ref) => begin("abandon", ref),
    async drain(deadlineMs) {
      await Promise.race([Promise.all(pending), pause(deadlineMs)]);
    },
  };
}

/** Lets at most so many go on at a time, in the order in which they came. */
function createTurns(atATime: number): (work: () => Promise<void>) => Promise<void> {
  const waiting: (() => void)[] = [];
  let free = atATime;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

async function repeatWhileAway(call: () => Promise<void>): Promise<void> {
  const endsAtMs = performance.now() + REPEAT_FOR_MS;
  for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(PAUSE_CAP_MS, pauseMs * 2)) {
    try {
      await call();
      return;
    } catch (error) {
      // Any other error is our own fault, which a repetition does not mend.
      if (!(error instanceof AdmissionUnavailableError) || performance.now() + pauseMs > endsAtMs) throw error;
    }
    // Half of the pause is jitter, so that gateways do not return in step.
    await pause(pauseMs * (0.5 + Math.random() / 2));
  }
}

/** Keeps no process alive: a service that has nothing else to do may end. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
