import type { ConsumeOptions, DeadLetter, TakenGroup } from "@sms-gateway/contracts";

/**
 * A `take` under a test's control that remembers everything it was handed.
 *
 *   running → (hold) every call waits → (release) running
 *   failNext(n): the next n calls reject
 */
export type ConsumerProbe<T> = {
  /** Also for dead letters, which come without groups. */
  readonly options: Omit<ConsumeOptions<T>, "take"> & {
    readonly take: (batch: readonly T[], groups?: readonly TakenGroup[]) => Promise<void>;
  };
  /** Every batch handed over, in order, taken or not. */
  readonly handed: readonly (readonly T[])[];
  /** The groups of every batch handed over. */
  readonly handedGroups: readonly (readonly TakenGroup[])[];
  /** Batches for which `take` resolved. */
  readonly taken: readonly (readonly T[])[];
  readonly takenGroups: readonly (readonly TakenGroup[])[];
  readonly errors: readonly unknown[];
  readonly deadLetters: readonly DeadLetter[];
  /** Calls of `take` that have neither resolved nor rejected. */
  underWay(): number;
  /** Most calls of `take` at one time. */
  underWayMost(): number;
  failNext(calls: number): void;
  hold(): void;
  release(): void;
};

/** Makes a probe; `batchMax` is handed to the queue. */
export function probeConsumer<T>(batchMax = 100): ConsumerProbe<T> {
  const handed: (readonly T[])[] = [];
  const handedGroups: (readonly TakenGroup[])[] = [];
  const taken: (readonly T[])[] = [];
  const takenGroups: (readonly TakenGroup[])[] = [];
  const errors: unknown[] = [];
  const deadLetters: DeadLetter[] = [];
  const held: (() => void)[] = [];
  let failures = 0;
  let holding = false;
  let underWay = 0;
  let underWayMost = 0;
  const take = async (batch: readonly T[], groups: readonly TakenGroup[] = []) => {
    handed.push(batch);
    handedGroups.push(groups);
    underWay += 1;
    underWayMost = Math.max(underWayMost, underWay);
    try {
      if (holding) await new Promise<void>((resolve) => held.push(resolve));
      if (failures > 0) {
        failures -= 1;
        throw new Error("refused by the test");
      }
      taken.push(batch);
      takenGroups.push(groups);
    } finally {
      underWay -= 1;
    }
  };
  return {
    options: {
      take,
      batchMax,
      onProblem: ({ error, deadLetter }) => {
        if (error !== undefined) errors.push(error);
        if (deadLetter !== undefined) deadLetters.push(deadLetter);
      },
    },
    handed,
    handedGroups,
    taken,
    takenGroups,
    errors,
    deadLetters,
    underWay: () => underWay,
    underWayMost: () => underWayMost,
    failNext: (calls) => {
      failures = calls;
    },
    hold: () => {
      holding = true;
    },
    release: () => {
      holding = false;
      for (const resolve of held.splice(0)) resolve();
    },
  };
}
