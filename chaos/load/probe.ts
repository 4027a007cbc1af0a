import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { WorldFace } from "../world/world.ts";
import { openLine } from "./ask-gateway.ts";

/** Numbers of probes, apart from those of the load. */
export const PROBE_PREFIX = "+4916";

const INTERVAL_MS = 200;
const GIVE_UP_AFTER_MS = 180_000;
const LAB_TIMEOUT_MS = 5_000;

/** Sends probes, each a message of its own, and tells when one has arrived. */
export interface Probe {
  /**
   * From now until the first message that was sent after now has reached its handset, in s; undefined when none did within
   * three minutes.
   */
  measureRecovery(): Promise<number | undefined>;
  close(): void;
}

/** Opens it; each probe asks every gateway in turn, as a client would that knows of both. */
export function openProbe(world: WorldFace): Probe {
  const line = openLine(50);
  let probes = 0;

  async function sendOne(): Promise<string | undefined> {
    probes += 1;
    const number = PROBE_PREFIX + String(probes).padStart(9, "0");
    const body = JSON.stringify({ to: number, message: `Probe ${probes}`, ttl_seconds: 60 });
    const url = world.gatewayUrls[probes % world.gatewayUrls.length] ?? "";
    const result = await line.ask({ url, apiKey: world.keys.probe, idempotencyKey: randomUUID(), body });
    return result.kind === "accepted" ? number : undefined;
  }

  async function hasArrived(number: string): Promise<boolean> {
    const url = `${world.labUrl}/lab/handsets/${encodeURIComponent(number)}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(LAB_TIMEOUT_MS) });
    const handset: unknown = await response.json();
    if (typeof handset !== "object" || handset === null || !("messages" in handset)) throw new Error("no handset");
    return Array.isArray(handset.messages) && handset.messages.length > 0;
  }

  return {
    async measureRecovery() {
      const startedAtMs = performance.now();
      const accepted: string[] = [];
      let isOver = false;
      const sending = (async () => {
        const underWay = new Set<Promise<void>>();
        while (!isOver) {
          const one = sendOne().then((number) => {
            if (number !== undefined) accepted.push(number);
            underWay.delete(one);
          });
          underWay.add(one);
          await delay(INTERVAL_MS);
        }
        await Promise.all(underWay);
      })();
      try {
        while (performance.now() - startedAtMs < GIVE_UP_AFTER_MS) {
          for (const number of accepted.slice(0, 3)) {
            if (await hasArrived(number)) return (performance.now() - startedAtMs) / 1000;
          }
          await delay(INTERVAL_MS / 4);
        }
        return undefined;
      } finally {
        isOver = true;
        await sending;
      }
    },
    close: () => line.close(),
  };
}
