import {
  createDirectoryCopy,
  type DirectoryCopy,
  type DirectoryKey,
  type DirectorySnapshot,
} from "@sms-gateway/contracts";

/** Where the directory comes from: the database. */
export interface DirectorySource {
  readVersion(): Promise<number>;
  load(): Promise<DirectorySnapshot>;
}

/** The directory as this worker knows it, in memory; the last copy is kept while the database is away. */
export interface KnownDirectory extends Pick<DirectoryCopy, "snapshot" | "client" | "providers"> {
  /**
   * From memory; a key that is missing there is looked for in the database, once per second at most.
   *
   * @param memoryOnly for callers that have failed too often to cost a query.
   */
  findKey(hash: string, memoryOnly?: boolean): Promise<DirectoryKey | undefined>;
  /**
   * Reads the database's version and, when that is another, everything; a lower one is that of a database that was
   * restored to an older state. Rejects while the database is away.
   */
  refresh(): Promise<void>;
}

export function createKnownDirectory({ readVersion, load }: DirectorySource): KnownDirectory {
  const copy = createDirectoryCopy({
    read: async (present) => ((await readVersion()) === present ? "unchanged" : await load()),
  });
  return { ...copy, findKey: (hash, memoryOnly = false) => copy.findKey(hash, { memoryOnly }) };
}
