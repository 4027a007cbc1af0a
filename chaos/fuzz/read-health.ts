import { setTimeout as delay } from "node:timers/promises";

/** How a process is doing, by its own word. */
export interface Health {
  /** When it started, in s since 1970: another value is another process. */
  readonly startedAtS: number;
  readonly residentMib: number;
  /** What V8 holds of it, garbage included, and buffers beside. */
  readonly heapMib: number;
  /** Files and sockets; undefined where the system does not tell. */
  readonly openFiles: number | undefined;
  readonly isReady: boolean;
}

const TIMEOUT_MS = 10_000;
const SAMPLES = 8;
const PAUSE_MS = 500;
const REST_MAX_MS = 90_000;
const MIB = 1_048_576;

/** From `/metrics` and `/readyz`. @throws when it does not answer */
async function readHealth(url: string): Promise<Health> {
  const metrics = await ask(`${url}/metrics`);
  const sample = (name: string): number | undefined => {
    const value = new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.e+]+)$`, "m").exec(metrics.text)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  return {
    startedAtS: sample("process_start_time_seconds") ?? 0,
    residentMib: (sample("process_resident_memory_bytes") ?? 0) / MIB,
    heapMib: ((sample("nodejs_heap_size_used_bytes") ?? 0) + (sample("nodejs_external_memory_bytes") ?? 0)) / MIB,
    openFiles: sample("process_open_fds"),
    isReady: (await ask(`${url}/readyz`)).isOk,
  };
}

/** Of a process that does not answer. */
const GONE: Health = { startedAtS: 0, residentMib: 0, heapMib: 0, openFiles: undefined, isReady: false };

/** After a moment of rest: the least memory and the fewest files of some looks, since garbage is collected in between. */
async function readHealthAtRest(url: string): Promise<Health> {
  try {
    return await readBest(url);
  } catch (error) {
    console.error(`${url} does not tell how it is: ${String(error)}`);
    return GONE;
  }
}

/**
 * Looks on, for as long as something seems wrong and at most a minute and a half: V8 gives memory back by itself some
 * seconds after the last work, and sockets take their time to close.
 */
export async function watchRest(url: string, seems: (health: Health) => boolean): Promise<Health> {
  let health = await readHealthAtRest(url);
  const until = performance.now() + REST_MAX_MS;
  while (health !== GONE && seems(health) && performance.now() < until) health = await readHealthAtRest(url);
  return health;
}

async function readBest(url: string): Promise<Health> {
  let best = await readHealth(url);
  for (let sample = 1; sample < SAMPLES; sample += 1) {
    await delay(PAUSE_MS);
    const next = await readHealth(url);
    const openFiles =
      next.openFiles === undefined ? undefined : Math.min(best.openFiles ?? next.openFiles, next.openFiles);
    best = {
      ...next,
      residentMib: Math.min(best.residentMib, next.residentMib),
      heapMib: Math.min(best.heapMib, next.heapMib),
      openFiles,
    };
  }
  return best;
}

async function ask(url: string): Promise<{ readonly isOk: boolean; readonly text: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return { isOk: response.ok, text: await response.text() };
}
