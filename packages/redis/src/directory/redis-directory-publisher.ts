import type { DirectoryPublisher } from "@sms-gateway/contracts";
import type { RedisConnection } from "../redis-connection.ts";
import { PUBLISH_DIRECTORY } from "../scripts/publish-directory.ts";
import { PUBLISHED_VERSION } from "../scripts/published-version.ts";
import { DIRECTORY_SNAPSHOT_KEY, DIRECTORY_VERSION_KEY } from "./directory-keys.ts";
import { readVersion } from "./read-version.ts";

/** The worker's side of the directory. Calls reject while Redis is away; the connection is closed by whoever opened it. */
export function createRedisDirectoryPublisher(connection: RedisConnection): DirectoryPublisher {
  return {
    publishedVersion: async () => {
      const version = await connection.runScript(
        PUBLISHED_VERSION,
        [DIRECTORY_VERSION_KEY, DIRECTORY_SNAPSHOT_KEY],
        [],
      );
      return readVersion(typeof version === "string" ? version : null);
    },
    publish: async (snapshot) => {
      const keys = [DIRECTORY_VERSION_KEY, DIRECTORY_SNAPSHOT_KEY];
      const args = [snapshot.version, JSON.stringify(snapshot)];
      return (await connection.runScript(PUBLISH_DIRECTORY, keys, args)) === 1 ? "published" : "stale";
    },
    close: async () => undefined,
  };
}
