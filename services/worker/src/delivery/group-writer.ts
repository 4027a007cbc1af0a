/*
 * Writes results into the database in groups: what arrives while a write is under way leaves with the next one. Under
 * light load a group is one result and nothing waits; under heavy load the price per result falls.
 *
 * empty:    nothing to write.
 * writing:  one group is under way; arrivals gather. Left when it was written, or given up.
 * waiting:  the database is away; the same group is tried again with a growing pause, for as long as the process lives,
 *           because the results exist nowhere else.
 *
 * A group that the database refuses for another reason is halved until the culprit is alone; a culprit is given up after
 * some tries and reported, so that one bad result cannot hold up all others. Its attempt then ends by its lease.
 */
import { setTimeout as delay } from "node:timers/promises";

/** What the writer needs. */
export interface GroupWriterDeps<T> {
  /** Writes one group in one transaction: all of it or nothing. */
  readonly write: (group: readonly T[]) => Promise<void>;
  /** Whether the error says that the database is away, so that nothing is wrong with the group itself. */
  readonly isAway: (error: unknown) => boolean;
  readonly onFailed: (failure: { readonly error: unknown; readonly size: number; readonly givenUp: boolean }) => void;
  /** Most results in one group. */
  readonly groupMax: number;
}

export interface GroupWriter<T> {
  add(item: T): void;
  /** Results that are not in the database yet. */
  size(): number;
  /** Waits until everything has been written, or `deadlineMs` are over; says which. */
  drain(deadlineMs: number): Promise<boolean>;
}

const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 2_000;
/** Tries of a result that the database refuses by itself. Most refusals (a deadlock, a restart) are over with the next. */
const TRIES_MAX = 5;

export function createGroupWriter<T>({ write, isAway, onFailed, groupMax }: GroupWriterDeps<T>): GroupWriter<T> {
  let waiting: T[] = [];
  let underWay = 0;
  let running: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting.slice(0, groupMax);
      waiting = waiting.slice(groupMax);
      underWay = group.length;
      await writeGroup(group, 1);
      underWay = 0;
    }
  }

  async function writeGroup(group: readonly T[], tries: number): Promise<void> {
    const error = await tryWrite(group);
    if (error === undefined) return;
    if (group.length === 1 && tries >= TRIES_MAX) return onFailed({ error: error.cause, size: 1, givenUp: true });
    onFailed({ error: error.cause, size: group.length, givenUp: false });
    if (group.length === 1) {
      await delay(pauseMs(tries));
      return writeGroup(group, tries + 1);
    }
    const half = Math.ceil(group.length / 2);
    await writeGroup(group.slice(0, half), 1);
    await writeGroup(group.slice(half), 1);
  }

  /** Waits out an outage; any other failure is given back. */
  async function tryWrite(group: readonly T[]): Promise<{ cause: unknown } | undefined> {
    for (let tries = 1; ; tries += 1) {
      try {
        await write(group);
        return undefined;
      } catch (error) {
        if (!isAway(error)) return { cause: error };
        onFailed({ error, size: group.length, givenUp: false });
        await delay(pauseMs(tries));
      }
    }
  }

  function start(): void {
    // Started in a later turn, so that what arrives together leaves together.
    running ??= Promise.resolve()
      .then(writeAll)
      .finally(() => {
        running = undefined;
        // What came between the last look and this line would wait for the next arrival.
        if (waiting.length > 0) start();
      });
  }

  return {
    add(item) {
      waiting.push(item);
      start();
    },
    size: () => waiting.length + underWay,
    async drain(deadlineMs) {
      const timeout = new AbortController();
      const deadline = delay(deadlineMs, "late" as const, { signal: timeout.signal }).catch(() => "cleared" as const);
      let isLate = false;
      while (running !== undefined && !isLate) isLate = (await Promise.race([running, deadline])) === "late";
      timeout.abort();
      await deadline;
      return running === undefined;
    },
  };
}

function pauseMs(tries: number): number {
  return Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** (tries - 1));
}
