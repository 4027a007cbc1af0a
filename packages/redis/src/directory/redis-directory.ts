import {
  type CachedDirectoryOptions,
  createCachedDirectory,
  type Directory,
  parseDirectorySnapshot,
} from "@sms-gateway/contracts";
import type { RedisConnection } from "../redis-connection.ts";
import { DIRECTORY_SNAPSHOT_KEY, DIRECTORY_VERSION_KEY } from "./directory-keys.ts";
import { readVersion } from "./read-version.ts";

/**
 * The directory as the worker last published it. Only a newer version replaces the copy: a Redis that was emptied may
 * get an older one first, from a worker that has fallen behind.
 */
export function createRedisDirectory(
  connection: Pick<RedisConnection, "get">,
  options?: CachedDirectoryOptions,
): Directory {
  return createCachedDirectory(
    {
      read: async (present) => {
        const version = readVersion(await connection.get(DIRECTORY_VERSION_KEY));
        if (version === undefined) return "absent";
        if (present !== undefined && version <= present) return "unchanged";
        const stored = await connection.get(DIRECTORY_SNAPSHOT_KEY);
        if (stored === null) return "absent";
        const value: unknown = JSON.parse(stored);
        return parseDirectorySnapshot(value);
      },
    },
    options,
  );
}
