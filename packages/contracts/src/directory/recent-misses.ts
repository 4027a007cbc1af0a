/** Hashes that were not found a moment ago. */
export interface RecentMisses {
  has(hash: string): boolean;
  add(hash: string): void;
}

interface RecentMissesOptions {
  readonly keepMs: number;
  readonly max: number;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

/**
 * Remembers up to `max` misses for `keepMs` milliseconds each, so that guessed keys do not become reads. Beyond `max`
 * the oldest is forgotten: a flood of guesses costs reads again, never memory.
 */
export function rememberMisses({ keepMs, max, now }: RecentMissesOptions): RecentMisses {
  // In order of addition, hence of expiry.
  const endsAt = new Map<string, number>();
  return {
    has: (hash) => (endsAt.get(hash) ?? Number.NEGATIVE_INFINITY) > now(),
    add: (hash) => {
      endsAt.delete(hash);
      const [oldest] = endsAt.keys();
      if (oldest !== undefined && endsAt.size >= max) endsAt.delete(oldest);
      endsAt.set(hash, now() + keepMs);
    },
  };
}
