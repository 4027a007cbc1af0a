import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { deleteEmbeddedPostgres, findRunningPostgres, openEmbeddedPostgres } from "@sms-gateway/embedded-postgres";
import { readServiceEnvironment } from "./env-file.ts";
import { OperatorError } from "./operator-error.ts";

/** Where `make dev` has its embedded Postgres, apart from that of `make up`. */
export const DEV_DATABASE_FOLDER = ".data/dev/embedded-postgres";

/** The folder of the embedded Postgres of `make up`. */
export function databaseFolder(root: string): string {
  return resolve(root, readServiceEnvironment(root).EMBEDDED_POSTGRES_DIR ?? ".data/postgres");
}

/**
 * Gives the address of the standalone shape's database to `use`: the one of `DATABASE_URL`, else that of a running
 * `make dev`, else the embedded one of `make up`. One that does not run is opened for that time.
 *
 * @throws OperatorError when there is none yet
 */
export async function useStandaloneDatabase<T>(root: string, use: (url: string) => Promise<T>): Promise<T> {
  const url = readServiceEnvironment(root).DATABASE_URL;
  if (url !== undefined) return use(url);
  const folder = databaseFolder(root);
  const running = (await findRunningPostgres(join(root, DEV_DATABASE_FOLDER))) ?? (await findRunningPostgres(folder));
  if (running !== undefined) return use(running);
  if (!existsSync(join(folder, "cluster"))) {
    throw new OperatorError('There is no database yet: "make up" makes it, or set DATABASE_URL.');
  }
  const opened = await openEmbeddedPostgres({ dataDir: folder });
  try {
    return await use(opened.url);
  } finally {
    await opened.stop();
  }
}

/**
 * Ends in order the embedded Postgres that a killed process has left running; false when there is none.
 * @throws OperatorError when a living process has it open
 */
export async function stopLeftDatabase(folder: string): Promise<boolean> {
  if ((await findRunningPostgres(folder)) === undefined) return false;
  // Whoever opens a folder adopts what runs on it, and its `stop` ends that.
  const left = await openEmbeddedPostgres({ dataDir: folder }).catch((error: unknown) => {
    throw new OperatorError(
      `The embedded Postgres was not stopped: ${error instanceof Error ? error.message : error}.`,
    );
  });
  await left.stop();
  return true;
}

/**
 * Deletes the data of the embedded Postgres in that folder, and says what else it found there and left alone.
 * @throws OperatorError when a living process has it open
 */
export async function deleteDatabase(folder: string): Promise<void> {
  const left = await deleteEmbeddedPostgres(folder).catch((error: unknown) => {
    throw new OperatorError(
      `The embedded Postgres was not deleted: ${error instanceof Error ? error.message : error}.`,
    );
  });
  if (left.length > 0)
    console.log(`Left in ${folder}, since it is no data of the embedded Postgres: ${left.join(", ")}.`);
}
