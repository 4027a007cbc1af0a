import { setTimeout as delay } from "node:timers/promises";
import type { Service } from "@sms-gateway/testkit";

/** Between a process that has ended and its next start, as Docker's restart policy waits. */
const RESTART_PAUSE_MS = 200;
const STARTS_MAX = 60;

/** SIGKILL, and up again as a supervisor does it. Resolves when it is ready; `mended` is called once it is dead. */
export async function killAndRestart(service: Service, mended: () => void): Promise<void> {
  await service.kill();
  mended();
  await startUntilReady(service);
}

/**
 * Starts a service, and again when it ends by itself.
 * @throws when it is not ready after so many starts, or takes too long for one
 */
export async function startUntilReady(service: Service): Promise<void> {
  for (let starts = 1; ; starts += 1) {
    await delay(RESTART_PAUSE_MS);
    try {
      return await service.start();
    } catch (error) {
      if (service.isRunning() || starts >= STARTS_MAX) throw error;
    }
  }
}

/** Frozen for so long. */
export async function freeze(service: Service, ms: number): Promise<void> {
  service.pause();
  try {
    await delay(ms);
  } finally {
    service.resume();
  }
}
