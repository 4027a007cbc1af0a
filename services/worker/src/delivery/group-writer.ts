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
  /** Resolves when the item was written, or given up. Never rejects. */
  add(item: T): Promise<void>;
  /** Items that are not in the database yet. */
  size(): number;
}

const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 2_000;
/** Tries of a result that the database refuses by itself. Most refusals (a deadlock, a restart) are over with the next. */
const TRIES_MAX = 5;

interface Waiting<T> {
  readonly item: T;
  readonly settle: () => void;
}

export function createGroupWriter<T>({ write, isAway, onFailed, groupMax }: GroupWriterDeps<T>): GroupWriter<T> {
  let waiting: Waiting<T>[] = [];
  let underWay = 0;
  let isWriting = false;

  async function writeWaiting(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    // Begun in a later turn, so that what arrives together leaves together.
    await Promise.resolve();
    while (waiting.length > 0) {
      const group = waiting.slice(0, groupMax);
      waiting = waiting.slice(groupMax);
      underWay = group.length;
      const items = group.map(({ item }) => item);
      await writeGroup(items, 1);
      underWay = 0;
      for (const { settle } of group) settle();
    }
    isWriting = false;
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

  return {
    add: (item) =>
      new Promise((settle) => {
        waiting.push({ item, settle });
        void writeWaiting();
      }),
    size: () => waiting.length + underWay,
  };
}

function pauseMs(tries: number): number {
  return Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** (tries - 1));
}
