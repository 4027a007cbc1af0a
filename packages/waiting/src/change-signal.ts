/**
 * Lets a loop wait until something it depends on has changed; the loop then looks at the state itself. So one place can
 * wait for several things (a delivery, a lost connection, a stop), and no wake-up carries stale news.
 */
export class ChangeSignal {
  readonly #waiting = new Set<() => void>();

  notify(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Resolves at the next `notify`, or after `limitMs` if that is given and comes first. */
  next(limitMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = limitMs === undefined ? undefined : setTimeout(() => wake(), Math.max(0, limitMs));
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }
}
