import { setTimeout as delay } from "node:timers/promises";

/** How long and for what to wait; `what` completes the sentence "waited 30000 ms for …". */
export type WaitForOptions = { readonly timeoutMs?: number; readonly intervalMs?: number; readonly what: string };

/**
 * Polls until the condition gives a truthy value, and returns that value. A condition that throws counts as "not yet":
 * servers refuse connections while they start. A condition that hangs is given up with the deadline like any other.
 * @throws Error that names what was waited for, how long, how often it was asked, and the condition's last error.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 30_000, intervalMs = 20, what }: WaitForOptions,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  let asked = 0;
  let lastError: unknown;
  do {
    asked += 1;
    try {
      const value = await withinMs(condition, deadline - performance.now());
      if (value !== undefined && value !== null && isTruthy(value)) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    await delay(Math.max(0, Math.min(intervalMs, deadline - performance.now())));
  } while (performance.now() < deadline);
  const reason = lastError instanceof Error ? `; the last error was: ${lastError.message}` : "";
  throw new Error(`waited ${timeoutMs} ms for ${what} (asked ${asked} times)${reason}`, { cause: lastError });
}

function isTruthy(value: unknown): boolean {
  return Boolean(value);
}

async function withinMs<T>(condition: () => T | Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the condition did not answer")), Math.max(1, limitMs));
  });
  try {
    return await Promise.race([Promise.resolve().then(condition), limit]);
  } finally {
    clearTimeout(timer);
  }
}
