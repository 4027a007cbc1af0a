/**
 * Shares runs of `run` between callers. Whoever calls while one is under way shares the next one: what they ask for may
 * have been written after the present one has read. So there is never more than one run at a time, and a caller waits
 * for two at the most. A run that rejects rejects for those who share it; the next one runs all the same.
 */
export function singleFlight(run: () => Promise<void>): { isRunning(): boolean; start(): Promise<void> } {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    next = undefined;
    running = run().finally(() => {
      running = undefined;
    });
    return running;
  };
  return {
    isRunning: () => running !== undefined,
    start: () => {
      if (running === undefined) return begin();
      next ??= running.then(begin, begin);
      return next;
    },
  };
}
