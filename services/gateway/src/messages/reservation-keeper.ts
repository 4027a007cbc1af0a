import type { Admission, ReservationRef } from "@sms-gateway/contracts";

/**
 * Carries out what follows an admission in the background: `settle`, `release` and `abandon` are never waited for by a
 * request, and each is repeated until Redis has answered, for 30 s at the most (architecture.md 5.1). All three are
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
  readonly admission: Pick<Admission, "settle" | "release" | "abandon">;
  /** Called when a step was given up after 30 s. */
  readonly onGivenUp: (step: "settle" | "release" | "abandon", ref: ReservationRef, error: unknown) => void;
}

const REPEAT_FOR_MS = 30_000;
const PAUSE_FIRST_MS = 50;
const PAUSE_CAP_MS = 2_000;
/** Bounds memory during a long outage: what comes beyond is left to the take-over at once. */
const PENDING_MAX = 50_000;

/** Makes the keeper of one gateway process. */
export function createReservationKeeper({ admission, onGivenUp }: ReservationKeeperOptions): ReservationKeeper {
  const pending = new Set<Promise<void>>();

  const run = (step: "settle" | "release" | "abandon", ref: ReservationRef): void => {
    if (pending.size >= PENDING_MAX) return onGivenUp(step, ref, new Error("too many steps are waiting"));
    const work = repeat(() => admission[step](ref)).catch((error: unknown) => onGivenUp(step, ref, error));
    const tracked = work.finally(() => pending.delete(tracked));
    pending.add(tracked);
  };

  return {
    settle: (ref) => run("settle", ref),
    release: (ref) => run("release", ref),
    abandon: (ref) => run("abandon", ref),
    async drain(deadlineMs) {
      await Promise.race([Promise.allSettled(pending), pause(deadlineMs)]);
    },
  };
}

async function repeat(call: () => Promise<void>): Promise<void> {
  const endsAtMs = Date.now() + REPEAT_FOR_MS;
  for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(PAUSE_CAP_MS, pauseMs * 2)) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() + pauseMs > endsAtMs) throw error;
      // Half of the pause is jitter, so that gateways do not return in step.
      await pause(pauseMs * (0.5 + Math.random() / 2));
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
