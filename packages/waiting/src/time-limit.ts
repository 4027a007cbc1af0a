/** Thrown by `withinMs` when time is up. */
export class TimeLimitError extends Error {
  override readonly name = "TimeLimitError";
}

/**
 * The result of `work`, or a TimeLimitError after `limitMs`. The work itself is not stopped; whatever it ends in later is
 * ignored. For calls that have no limit of their own, and for servers that fall silent: a lost socket may answer nothing.
 */
export async function withinMs<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new TimeLimitError(`${what}: no answer within ${Math.round(limitMs)} ms`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when one of the promises does, or after `limitMs`, whichever comes first. */
export async function untilFirst(limitMs: number, promises: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, limitMs));
  });
  try {
    await Promise.race([...promises, limit]);
  } finally {
    clearTimeout(timer);
  }
}
