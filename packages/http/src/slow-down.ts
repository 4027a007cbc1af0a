/** Repeated 401s from one address are slowed down (api.md section 1). */
export interface FailureBrake {
  /** How long the next answer to this address waits, in milliseconds. */
  delayMs(address: string): number;
  recordFailure(address: string): void;
}

/** Failures within the window that cost nothing: a client with a wrong key in its settings is not an attacker yet. */
const FREE_FAILURES = 10;
const WINDOW_MS = 60_000;
const DELAY_MAX_MS = 2_000;
/** Addresses remembered at once; the oldest is forgotten first, so memory is bounded. */
const ADDRESSES_MAX = 10_000;

/** Counts failures per address in windows of a minute: 100 ms more for each failure past ten, 2 s at most. */
export function createFailureBrake(now: () => number = Date.now): FailureBrake {
  const failures = new Map<string, { count: number; endsAtMs: number }>();
  return {
    delayMs(address) {
      const entry = failures.get(address);
      if (entry === undefined || entry.endsAtMs <= now()) return 0;
      return Math.min(DELAY_MAX_MS, Math.max(0, entry.count - FREE_FAILURES) * 100);
    },
    recordFailure(address) {
      const entry = failures.get(address);
      if (entry !== undefined && entry.endsAtMs > now()) {
        entry.count += 1;
        return;
      }
      failures.delete(address);
      if (failures.size >= ADDRESSES_MAX) failures.delete(failures.keys().next().value ?? "");
      failures.set(address, { count: 1, endsAtMs: now() + WINDOW_MS });
    },
  };
}
