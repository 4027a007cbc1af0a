import type { ConsumeOptions, DeadLetter } from "@sms-gateway/contracts";

/**
 * A `take` under a test's control that remembers everything it was handed.
 *
 *   running → (hold) every call waits → (release) running
 *   failNext(n): the next n calls reject
 */
export type ConsumerProbe<T> = {
  readonly options: ConsumeOptions<T>;
  /** Every batch handed over, in order, taken or not. */
  readonly handed: readonly (readonly T[])[];
  /** Batches for which `take` resolved. */
  readonly taken: readonly (readonly T[])[];
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
  const taken: (readonly T[])[] = [];
  const errors: unknown[] = [];
  const deadLetters: DeadLetter[] = [];
  const held: (() => void)[] = [];
  let failures = 0;
  let holding = false;
  let underWay = 0;
  let underWayMost = 0;
  const take = async (batch: readonly T[]) => {
    handed.push(batch);
    underWay += 1;
    underWayMost = Math.max(underWayMost, underWay);
    try {
      if (holding) await new Promise<void>((resolve) => held.push(resolve));
      if (failures > 0) {
        failures -= 1;
        throw new Error("refused by the test");
      }
      taken.push(batch);
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
    taken,
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
