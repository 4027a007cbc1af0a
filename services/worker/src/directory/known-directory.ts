import type { DirectoryClient, DirectoryKey, DirectoryProvider, DirectorySnapshot } from "@sms-gateway/contracts";

/** Where the directory comes from: the database. */
export interface DirectorySource {
  readVersion(): Promise<number>;
  load(): Promise<DirectorySnapshot>;
}

/** The directory as this worker knows it, in memory; the last copy is kept while the database is away. */
export interface KnownDirectory {
  /** `undefined` until it was loaded for the first time. */
  snapshot(): DirectorySnapshot | undefined;
  /**
   * From memory; a key that is missing there is looked for in the database, once per second at most.
   *
   * @param memoryOnly for callers that have failed too often to cost a query.
   */
  findKey(hash: string, memoryOnly?: boolean): Promise<DirectoryKey | undefined>;
  client(id: string): DirectoryClient | undefined;
  /** Empty until the directory was loaded. */
  providers(): readonly DirectoryProvider[];
  /**
   * Reads the database's version and, when that is another, everything; a lower one is that of a database that was
   * restored to an older state. Rejects while the database is away.
   */
  refresh(): Promise<void>;
}

/** How long it is believed that a key does not exist: a wrong one must not turn into a query per request. */
const MISS_KEPT_MS = 1000;
/** Misses remembered; the oldest is forgotten first, so that memory is bounded. */
const MISSES_MAX = 10_000;

interface Loaded {
  readonly snapshot: DirectorySnapshot;
  readonly keys: ReadonlyMap<string, DirectoryKey>;
  readonly clients: ReadonlyMap<string, DirectoryClient>;
}

/** @param now monotonic, in ms. */
export function createKnownDirectory(
  source: DirectorySource,
  now: () => number = () => performance.now(),
): KnownDirectory {
  let loaded: Loaded | undefined;
  let refreshing: Promise<void> | undefined;
  const missedAtMs = new Map<string, number>();

  async function readNewer(): Promise<void> {
    const version = await source.readVersion();
    if (loaded !== undefined && loaded.snapshot.version === version) return;
    loaded = indexSnapshot(await source.load());
  }

  /** One at a time: whoever comes meanwhile waits for the same answer. */
  function refresh(): Promise<void> {
    refreshing ??= readNewer().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }

  return {
    snapshot: () => loaded?.snapshot,
    client: (id) => loaded?.clients.get(id),
    providers: () => loaded?.snapshot.providers ?? [],
    refresh,
    async findKey(hash, memoryOnly = false) {
      const known = loaded?.keys.get(hash);
      if (known !== undefined || memoryOnly) return known;
      const missedAt = missedAtMs.get(hash);
      if (missedAt !== undefined && now() - missedAt < MISS_KEPT_MS) return undefined;
      // One that is under way may have read the version before the key was made.
      if (refreshing !== undefined) await refreshing;
      await refresh();
      const found = loaded?.keys.get(hash);
      if (found === undefined) rememberMiss(hash);
      return found;
    },
  };

  function rememberMiss(hash: string): void {
    missedAtMs.delete(hash);
    if (missedAtMs.size >= MISSES_MAX) missedAtMs.delete(missedAtMs.keys().next().value ?? "");
    missedAtMs.set(hash, now());
  }
}

function indexSnapshot(snapshot: DirectorySnapshot): Loaded {
  return {
    snapshot,
    keys: new Map(snapshot.keys.map((key) => [key.hash, key])),
    clients: new Map(snapshot.clients.map((client) => [client.id, client])),
  };
}
