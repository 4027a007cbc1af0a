import { setTimeout as delay } from "node:timers/promises";
import { AdmissionUnavailableError } from "@sms-gateway/contracts";
import { fullJitterMs } from "@sms-gateway/waiting";

const BACK_OFF = { firstMs: 50, capMs: 2_000 };

/**
 * Repeats a step while the store is unavailable, with back-off, for at most `forMs` milliseconds or until the signal.
 * Resolves with whether it was carried out. An error of another kind is our own fault and is passed on.
 */
export async function repeatUntilDone(
  step: () => Promise<void>,
  { forMs, signal }: { readonly forMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const endsAt = performance.now() + forMs;
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      await step();
      return true;
    } catch (error) {
      if (!(error instanceof AdmissionUnavailableError)) throw error;
    }
    const pauseMs = fullJitterMs(BACK_OFF, tries + 1);
    if (performance.now() + pauseMs >= endsAt) return false;
    await pause(pauseMs, signal);
  }
  return false;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
