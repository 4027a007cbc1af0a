import type { DirectoryClient, DirectoryKey, DirectoryProvider, DirectorySnapshot } from "../directory-snapshot.ts";
import { rememberMisses } from "./recent-misses.ts";
import { singleFlight } from "./single-flight.ts";

/** Where a directory is read from. */
export interface DirectorySource {
  /**
   * Everything as of one moment, unless a copy of version `present` is still good; `absent` when there is nothing to
   * read yet, or any more. Rejects while the source is away.
   *
   * @param present version of the reader's copy; `undefined` when it has none.
   */
  read(present: number | undefined): Promise<DirectorySnapshot | "unchanged" | "absent">;
}

/** A directory in memory. The last copy is kept while the source is empty or away. */
export interface DirectoryCopy {
  /** `undefined` until it was read for the first time. */
  snapshot(): DirectorySnapshot | undefined;
  /**
   * From memory; for a key that is missing there the source is read once, and for a second after that miss no more.
   * `memoryOnly` is for callers that have failed too often to cost a read. Rejects when the source cannot be read.
   */
  findKey(hash: string, options?: { readonly memoryOnly?: boolean }): Promise<DirectoryKey | undefined>;
  client(id: string): DirectoryClient | undefined;
  /** In order of priority. Empty until it was read. */
  providers(): readonly DirectoryProvider[];
  /** Whether a read is under way. */
  isReading(): boolean;
  /** Reads the source; one that began earlier does not count, for it may have seen less. Rejects while it is away. */
  refresh(): Promise<void>;
}

/** How long it is believed that a key does not exist: a wrong one must not turn into a read per request. */
const MISS_KEPT_MS = 1_000;
const MISSES_MAX = 10_000;

interface Indexed {
  readonly snapshot: DirectorySnapshot;
  readonly keys: ReadonlyMap<string, DirectoryKey>;
  readonly clients: ReadonlyMap<string, DirectoryClient>;
  readonly providers: readonly DirectoryProvider[];
}

/** @param now monotonic, in milliseconds. */
export function createDirectoryCopy(
  source: DirectorySource,
  now: () => number = () => performance.now(),
): DirectoryCopy {
  const misses = rememberMisses({ keepMs: MISS_KEPT_MS, max: MISSES_MAX, now });
  let copy: Indexed | undefined;
  const reads = singleFlight(async () => {
    const found = await source.read(copy?.snapshot.version);
    if (found !== "unchanged" && found !== "absent") copy = indexSnapshot(found);
  });
  return {
    snapshot: () => copy?.snapshot,
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
    isReading: reads.isRunning,
    refresh: reads.start,
  };
}

function indexSnapshot(snapshot: DirectorySnapshot): Indexed {
  return {
    snapshot,
    keys: new Map(snapshot.keys.map((key) => [key.hash, key])),
    clients: new Map(snapshot.clients.map((client) => [client.id, client])),
    providers: snapshot.providers.toSorted((a, b) => a.priority - b.priority),
  };
}
