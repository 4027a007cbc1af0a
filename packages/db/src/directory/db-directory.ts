import { type CachedDirectoryOptions, createCachedDirectory, type Directory } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { type CapabilitiesOf, loadDirectorySnapshot } from "./load-directory-snapshot.ts";
import { readPublishedVersion } from "./read-published-version.ts";

/**
 * The directory straight from its tables, for a gateway that runs beside them. Any other version replaces the copy, a
 * lower one too: it is that of a database that was restored to an older state, and the tables are always right.
 */
export function createDbDirectory(
  db: Database,
  capabilitiesOf: CapabilitiesOf,
  options?: CachedDirectoryOptions,
): Directory {
  return createCachedDirectory(
    {
      read: async (present) => {
        const version = await readPublishedVersion(db);
        if (version === undefined) return "absent";
        return version === present ? "unchanged" : await loadDirectorySnapshot(db, capabilitiesOf);
      },
    },
    options,
  );
}
