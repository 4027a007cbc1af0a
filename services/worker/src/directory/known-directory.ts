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
  /** From memory; a key that is missing there is looked for in the database once per second at most. */
  findKey(hash: string): Promise<DirectoryKey | undefined>;
  client(id: string): DirectoryClient | undefined;
  /** Empty until the directory was loaded. */
  providers(): readonly DirectoryProvider[];
  /** Reads the database's version and, when that is newer, everything. Rejects while the database is away. */
  refresh(): Promise<void>;
}

/** A wrong key must not turn into a query per request. */
const READ_THROUGH_EVERY_MS = 1000;

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
  let readThroughAt = Number.NEGATIVE_INFINITY;

  async function readNewer(): Promise<void> {
    const version = await source.readVersion();
    if (loaded !== undefined && loaded.snapshot.version >= version) return;
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
    async findKey(hash) {
      const known = loaded?.keys.get(hash);
      if (known !== undefined || now() - readThroughAt < READ_THROUGH_EVERY_MS) return known;
      readThroughAt = now();
      await refresh();
      return loaded?.keys.get(hash);
    },
  };
}

function indexSnapshot(snapshot: DirectorySnapshot): Loaded {
  return {
    snapshot,
    keys: new Map(snapshot.keys.map((key) => [key.hash, key])),
    clients: new Map(snapshot.clients.map((client) => [client.id, client])),
  };
}
