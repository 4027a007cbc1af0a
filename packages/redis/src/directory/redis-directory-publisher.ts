import type { DirectoryPublisher } from "@sms-gateway/contracts";
import type { RedisConnection } from "../redis-connection.ts";
import { PUBLISH_DIRECTORY } from "../scripts/publish-directory.ts";
import { DIRECTORY_SNAPSHOT_KEY, DIRECTORY_VERSION_KEY } from "./directory-keys.ts";
import { readVersion } from "./read-version.ts";

/** The worker's side of the directory. Calls reject while Redis is away; the connection is closed by whoever opened it. */
export function createRedisDirectoryPublisher(connection: RedisConnection): DirectoryPublisher {
  return {
    publishedVersion: async () => readVersion(await connection.get(DIRECTORY_VERSION_KEY)),
    publish: async (snapshot) => {
      const keys = [DIRECTORY_VERSION_KEY, DIRECTORY_SNAPSHOT_KEY];
      const args = [snapshot.version, JSON.stringify(snapshot)];
      return (await connection.runScript(PUBLISH_DIRECTORY, keys, args)) === 1 ? "published" : "stale";
    },
    close: async () => undefined,
  };
}
