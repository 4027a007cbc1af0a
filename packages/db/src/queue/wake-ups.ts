type Listener = () => void;

/**
 * Tells consumers of this process that a group has come, or come back, so that they need not wait for their next look at
 * the table. Other processes' groups are found by that look alone.
 */
export class WakeUps {
  readonly #listeners = new Map<string, Set<Listener>>();

  /** @returns the way to listen no more. */
  listen(queue: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(queue) ?? new Set();
    this.#listeners.set(queue, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  notify(queue: string): void {
    for (const listener of this.#listeners.get(queue) ?? []) listener();
  }
}
