import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { LANES, type Lane } from "@sms-gateway/contracts";
import type { WorldFace } from "../world/world.ts";
import { openLine } from "./ask-gateway.ts";
import type { SmsClass } from "./plan-request.ts";

/** Numbers of probes, apart from those of the load. */
export const PROBE_PREFIX = "+4916";
/** Of a message that a fault sends for itself. */
export const BATCH_NUMBER = `${PROBE_PREFIX}888888888`;

const INTERVAL_MS = 300;
const GIVE_UP_AFTER_MS = 180_000;
const ASK_TIMEOUT_MS = 5_000;
/** Looked for at a time, of each way, the first and the last ones: the lab has other things to do. */
const LOOKED_FOR_MAX = 2;
/** Longer than a probe is looked for. */
const TTL_S = 300;
const CLASS_OF: Readonly<Record<Lane, SmsClass>> = { high: "otp", normal: "transactional", bulk: "marketing" };

/** Sends probes, each a message of its own, and tells when they have arrived. */
export interface Probe {
  /**
   * From now until a message that was sent after now has reached its handset by every way there is: through each gateway and
   * in each lane; and until every process says that it is ready. In s; undefined when that did not come within three minutes.
   */
  measureRecovery(): Promise<number | undefined>;
  close(): void;
}

/** One way from a client to a handset. */
interface Way {
  readonly gateway: string;
  readonly smsType: SmsClass;
  /** Accepted numbers, in their order. */
  readonly numbers: string[];
}

/** Opens it. */
export function openProbe(world: WorldFace): Probe {
  const line = openLine(50);
  let probes = 0;

  async function sendOne({ gateway, smsType, numbers }: Way): Promise<void> {
    probes += 1;
    const number = PROBE_PREFIX + String(probes).padStart(9, "0");
    const body = JSON.stringify({ to: number, message: `Probe ${probes}`, sms_type: smsType, ttl_seconds: TTL_S });
    const question = { url: gateway, apiKey: world.keys.probe, idempotencyKey: randomUUID(), body };
    if ((await line.ask(question)).kind === "accepted") numbers.push(number);
  }

  async function hasArrived(number: string): Promise<boolean> {
    const handset = await askJson(`${world.labUrl}/lab/handsets/${encodeURIComponent(number)}`);
    if (typeof handset !== "object" || handset === null || !("messages" in handset)) return false;
    return Array.isArray(handset.messages) && handset.messages.length > 0;
  }

  async function isDone({ numbers }: Way): Promise<boolean> {
    const looked = new Set([...numbers.slice(0, LOOKED_FOR_MAX), ...numbers.slice(-LOOKED_FOR_MAX)]);
    for (const number of looked) if (await hasArrived(number)) return true;
    return false;
  }

  return {
    async measureRecovery() {
      const startedAtMs = performance.now();
      let left: readonly Way[] = listWays(world);
      const underWay = new Set<Promise<void>>();
      const timer = setInterval(() => {
        for (const way of left) {
          const one = sendOne(way).finally(() => underWay.delete(one));
          underWay.add(one);
        }
      }, INTERVAL_MS);
      try {
        while (performance.now() - startedAtMs < GIVE_UP_AFTER_MS) {
          const done = await Promise.all(left.map(isDone));
          left = left.filter((_, place) => done[place] !== true);
          if (left.length === 0 && (await areReady(world))) return (performance.now() - startedAtMs) / 1000;
          await delay(INTERVAL_MS / 4);
        }
        return undefined;
      } finally {
        clearInterval(timer);
        await Promise.all(underWay);
      }
    },
    close: () => line.close(),
  };
}

function listWays({ gatewayUrls }: WorldFace): Way[] {
  return gatewayUrls.flatMap((gateway) => LANES.map((lane) => ({ gateway, smsType: CLASS_OF[lane], numbers: [] })));
}

async function areReady({ gatewayUrls, workerUrls }: WorldFace): Promise<boolean> {
  const urls = [...new Set([...gatewayUrls, ...workerUrls])];
  const answers = await Promise.all(urls.map((url) => askJson(`${url}/readyz`)));
  return answers.every((answer) => answer !== undefined);
}

/** Undefined when it is no 200, or no answer came. */
async function askJson(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    const body: unknown = await response.json();
    return response.ok ? body : undefined;
  } catch {
    return undefined;
  }
}
