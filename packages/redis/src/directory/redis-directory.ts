import {
  type Directory,
  type DirectoryClient,
  type DirectoryKey,
  type DirectoryProvider,
  type DirectorySnapshot,
  parseDirectorySnapshot,
} from "@sms-gateway/contracts";
import type { RedisConnection } from "../redis-connection.ts";
import { DIRECTORY_SNAPSHOT_KEY, DIRECTORY_VERSION_KEY } from "./directory-keys.ts";
import { readVersion } from "./read-version.ts";
import { rememberMisses } from "./recent-misses.ts";
import { singleFlight } from "./single-flight.ts";

export interface RedisDirectoryOptions {
  /** How often the version is compared, in milliseconds. */
  readonly refreshEveryMs?: number;
}

/** A change reaches every gateway within 2 s (api.md section 6): worker and gateway compare once a second each. */
const REFRESH_EVERY_MS = 1_000;
const MISSES = { keepMs: 1_000, max: 10_000 };

interface Copy {
  readonly version: number;
  readonly keys: ReadonlyMap<string, DirectoryKey>;
  readonly clients: ReadonlyMap<string, DirectoryClient>;
  readonly providers: readonly DirectoryProvider[];
}

/**
 * The directory as the worker last published it. States: *empty* (nothing read yet) → *loaded* (a copy in memory, never
 * given up again, only replaced by a newer one). Trade: while Redis is away or empty the copy grows old instead of
 * refusing everybody; a key revoked meanwhile still opens, but admits nothing, because admission needs Redis too.
 */
export function createRedisDirectory(
  connection: Pick<RedisConnection, "get">,
  { refreshEveryMs = REFRESH_EVERY_MS }: RedisDirectoryOptions = {},
): Directory {
  const misses = rememberMisses(MISSES);
  let copy: Copy | undefined;
  let failure: string | undefined;
  let remark: string | undefined;

  const reads = singleFlight(async () => {
    try {
      const { newer, found } = await readNewer(connection, copy?.version);
      if (newer !== undefined) copy = newer;
      failure = undefined;
      remark = found ? undefined : "nothing is published";
    } catch (error) {
      // Reported by `health`; the next second tries again.
      failure = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    }
  });
  // A tick during a slow read adds nothing.
  const tick = () => (reads.isRunning() ? Promise.resolve() : reads.start());
  const timer = setInterval(() => void tick(), refreshEveryMs).unref();
  void tick();

  return {
    loaded: () => copy !== undefined,
    version: () => copy?.version ?? 0,
    findKey: async (hash, { memoryOnly = false } = {}) => {
      const known = copy?.keys.get(hash);
      if (known !== undefined || memoryOnly || misses.has(hash)) return known;
      await reads.start();
      const found = copy?.keys.get(hash);
      if (found === undefined) misses.add(hash);
      return found;
    },
    client: (id) => copy?.clients.get(id),
    providers: () => copy?.providers ?? [],
    refresh: () => reads.start(),
    health: () => describeHealth(copy, failure, remark),
    close: async () => {
      clearInterval(timer);
    },
  };
}

async function readNewer(
  connection: Pick<RedisConnection, "get">,
  present: number | undefined,
): Promise<{ newer?: Copy; found: boolean }> {
  const version = readVersion(await connection.get(DIRECTORY_VERSION_KEY));
  if (version === undefined) return { found: false };
  if (present !== undefined && version <= present) return { found: true };
  const stored = await connection.get(DIRECTORY_SNAPSHOT_KEY);
  if (stored === null) return { found: false };
  const value: unknown = JSON.parse(stored);
  return { newer: indexSnapshot(parseDirectorySnapshot(value)), found: true };
}

function indexSnapshot({ version, keys, clients, providers }: DirectorySnapshot): Copy {
  return {
    version,
    keys: new Map(keys.map((key) => [key.hash, key])),
    clients: new Map(clients.map((client) => [client.id, client])),
    providers: providers.toSorted((a, b) => a.priority - b.priority),
  };
}

function describeHealth(
  copy: Copy | undefined,
  failure: string | undefined,
  remark: string | undefined,
): { ok: boolean; detail?: string } {
  const problem = failure ?? remark;
  if (copy === undefined) return { ok: false, detail: problem ?? "not read yet" };
  if (problem === undefined) return { ok: true };
  return { ok: failure === undefined, detail: `${problem}; version ${copy.version} is kept` };
}
