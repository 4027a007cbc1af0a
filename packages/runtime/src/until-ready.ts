import { setTimeout as delay } from "node:timers/promises";
import { createReadinessProbe, type ReadinessCheck } from "./readiness-probe.ts";

const LOOK_EVERY_MS = 25;

/**
 * Waits until every check is well, for `limitMs` at most, and says whether they are. For a start: a port that opens late
 * sends clients elsewhere, one that opens too early refuses them.
 */
export async function untilReady(checks: readonly ReadinessCheck[], limitMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + limitMs;
  const probes = checks.map((check) => createReadinessProbe(check, limitMs));
  for (;;) {
    const results = await Promise.all(probes.map((probe) => probe()));
    if (results.every(({ ok }) => ok)) return true;
    if (performance.now() >= deadlineMs) return false;
    await delay(LOOK_EVERY_MS);
  }
}
