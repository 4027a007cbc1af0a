import type { DirectoryPublisher } from "@sms-gateway/contracts";
import type { Logger } from "@sms-gateway/runtime";
import type { KnownDirectory } from "./known-directory.ts";

/** What publishing needs. */
export interface PublishDirectoryDeps {
  readonly directory: KnownDirectory;
  readonly publisher: DirectoryPublisher;
  readonly logger: Logger;
}

/**
 * Refreshes this worker's copy of the directory and publishes it when the gateways' copy is older or gone. Called every
 * second by every worker; the store refuses an older version, so that they cannot undo each other's work.
 */
export async function publishDirectory({ directory, publisher, logger }: PublishDirectoryDeps): Promise<void> {
  await directory.refresh();
  const snapshot = directory.snapshot();
  if (snapshot === undefined) return;
  const published = await publisher.publishedVersion();
  if (published !== undefined && published >= snapshot.version) return;
  const result = await publisher.publish(snapshot);
  if (result === "published") {
    logger.info({ event: "directory.published", version: snapshot.version, previous: published ?? null });
  }
}
