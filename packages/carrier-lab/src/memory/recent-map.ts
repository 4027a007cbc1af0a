/**
 * A map that forgets: it holds at most `entriesMax` entries and none longer than `lifeMs`.
 *
 * It keeps two generations, young and old. When the young one is half of the maximum or half a life old, it becomes the
 * old one, and what was old is dropped whole. So an entry lives between half and all of the bounds, and forgetting costs
 * nothing per entry (deleting the first key of a large Map over and over does: V8 walks over the deleted ones).
 */
export interface RecentMap<V> {
  get(key: string): V | undefined;
  /** Stores the value; an entry set again counts as new. */
  set(key: string, value: V): void;
  /** Newest first. */
  values(): Iterable<V>;
}

export interface RecentMapOptions {
  entriesMax: number;
  lifeMs: number;
  /** Milliseconds of any clock that only moves forward. */
  now: () => number;
}

export function createRecentMap<V>(options: RecentMapOptions): RecentMap<V> {
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  let bornAtMs = options.now();

  function turnGeneration(): void {
    const ageMs = options.now() - bornAtMs;
    if (young.size < options.entriesMax / 2 && ageMs < options.lifeMs / 2) return;
    old = ageMs < options.lifeMs ? young : new Map();
    young = new Map();
    bornAtMs = options.now();
  }

  return {
    get(key) {
      turnGeneration();
      return young.get(key) ?? old.get(key);
    },
    set(key, value) {
      turnGeneration();
      old.delete(key);
      young.delete(key);
      young.set(key, value);
    },
    *values() {
      turnGeneration();
      yield* [...young.values()].reverse();
      yield* [...old.values()].reverse();
    },
  };
}
