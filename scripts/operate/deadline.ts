/** An end of waiting: its signal aborts when the time is over, unless it was cleared before. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Aborts now. */
  abort(): void;
  /** Lets go of the timer. */
  clear(): void;
}

/**
 * Starts to count. A timer of its own, since Node 20 forgets the one of `AbortSignal.timeout` once a signal that was
 * made of it by `AbortSignal.any` is only looked at and not listened to.
 */
export function startDeadline(withinMs: number): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), withinMs);
  return { signal: controller.signal, abort: () => controller.abort(), clear: () => clearTimeout(timer) };
}
