import type { DirectoryClient, DirectoryKey, DirectoryProvider, DirectorySnapshot } from "../directory-snapshot.ts";

/** What the gateway knows, in memory on the hot path (architecture.md 5.9). Adapters: redis, db. */
export interface Directory {
  /**
   * Whether a directory was ever loaded. Before that the gateway answers 503 `directory_not_loaded`, never 401. Once
   * loaded, the last copy is kept while the source is empty or away.
   */
  loaded(): boolean;
  version(): number;
  /** The key with this SHA-256 (hex), from memory; on a miss the source is read through once (misses cached for 1 s), unless `memoryOnly`. */
  findKey(hash: string, options?: { readonly memoryOnly?: boolean }): Promise<DirectoryKey | undefined>;
  /** From memory only: a client always arrives together with its keys. */
  client(id: string): DirectoryClient | undefined;
  /** All providers in order of priority, from memory. */
  providers(): readonly DirectoryProvider[];
  /** Reads the source once if its version is newer. Also called by a timer every second. Errors are reported by `health`. */
  refresh(): Promise<void>;
  health(): { ok: boolean; detail?: string };
  close(): Promise<void>;
}

/**
 * The worker's side: publishes what changed. Where the source is a store of copies (redis), a publish puts a copy there.
 * Where gateways read the tables themselves (db), what is committed is published already.
 */
export interface DirectoryPublisher {
  /** Version now published, or undefined when there is none. */
  publishedVersion(): Promise<number | undefined>;
  /**
   * Sees to it that this version or a newer one is there. One that is there already ends `stale` and changes nothing; an
   * older one, or none, is replaced by a store of copies.
   * @throws RangeError from db for a version that its tables do not have: they are the truth, and a copy is newer only
   * after they were restored to an older state, whose undone changes must not come back.
   */
  publish(snapshot: DirectorySnapshot): Promise<"published" | "stale">;
  close(): Promise<void>;
}
