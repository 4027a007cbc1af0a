import type { DirectoryPublisher } from "@sms-gateway/contracts";
import { type Database, raiseDirectoryVersion, readDirectoryVersion } from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import type { KnownDirectory } from "./known-directory.ts";

/** What publishing needs. */
export interface PublishDirectoryDeps {
  readonly directory: KnownDirectory;
  readonly publisher: DirectoryPublisher;
  readonly logger: Logger;
}

/**
 * Makes the task of every worker that refreshes its copy of the directory and publishes it when the gateways' copy is
 * older or gone; the store refuses an older version, so that they cannot undo each other's work. A worker whose database
 * is away publishes what it knows, which repairs an emptied store; then it rejects all the same.
 */
export function createPublishDirectory({ directory, publisher, logger }: PublishDirectoryDeps): () => Promise<void> {
  let staleAgainst: number | undefined;

  return async function publishDirectory() {
    // Asked before the database: whatever is published by then is in the database that is read afterwards.
    const [published] = await Promise.allSettled([publisher.publishedVersion()]);
    const [refreshed] = await Promise.allSettled([directory.refresh()]);
    if (published.status === "rejected") throw published.reason;
    const snapshot = directory.snapshot();
    if (snapshot !== undefined) {
      if (published.value === undefined || published.value < snapshot.version) {
        const result = await publisher.publish(snapshot);
        if (result === "published") {
          logger.info({ event: "directory.published", version: snapshot.version, previous: published.value ?? null });
        }
      } else if (published.value > snapshot.version && refreshed.status === "fulfilled") {
        reportStale(published.value, snapshot.version);
      }
    }
    if (refreshed.status === "rejected") throw refreshed.reason;
  };

  /** Once per published version: it stays so until the next change of configuration, or the next start. */
  function reportStale(published: number, version: number): void {
    if (staleAgainst === published) return;
    staleAgainst = published;
    logger.error(
      { event: "directory.stale", published, version },
      "gateways know a newer directory than the database, which was probably restored: restart a worker to publish it",
    );
  }
}

/**
 * After a start on a database that was restored to an older state: gives its directory a version above the published
 * one, for gateways never go back. Where the store of published directories is away, the next change does the same.
 *
 * @throws DatabaseUnavailableError when the database is away.
 */
export async function overtakePublished(
  db: Database,
  { publisher, logger }: Pick<PublishDirectoryDeps, "publisher" | "logger">,
): Promise<void> {
  const [published] = await Promise.allSettled([publisher.publishedVersion()]);
  if (published.status === "rejected") {
    logger.warn({ event: "directory.published_unknown", err: published.reason });
    return;
  }
  const version = await readDirectoryVersion(db);
  if (published.value === undefined || published.value <= version) return;
  await raiseDirectoryVersion(db, published.value);
  logger.warn({ event: "directory.overtaken", published: published.value, version }, "the database is older");
}
