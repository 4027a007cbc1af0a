import type { DirectoryPublisher } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { readPublishedVersion } from "./read-published-version.ts";

/**
 * The worker's side where gateways read the tables themselves: what is committed is published. A copy of the tables can
 * therefore be as old as they are, or older, and `publish` ends `stale`; calls reject while the database is away.
 *
 * A copy can be newer only after the database was restored to an older state. `publish` rejects it then, for it must not
 * bring back what an administrator undid, and the worker's next read replaces the copy.
 */
export function createDbDirectoryPublisher(db: Database): DirectoryPublisher {
  return {
    publishedVersion: () => readPublishedVersion(db),
    publish: async ({ version }) => {
      const published = await readPublishedVersion(db);
      if (published !== undefined && published >= version) return "stale";
      throw new RangeError(
        `version ${version} of the directory is not in the database, which holds ${published ?? "none"}: it was restored to an older state`,
      );
    },
    close: async () => undefined,
  };
}
