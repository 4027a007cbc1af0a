import { realpath } from "node:fs/promises";
import { findPostmaster } from "./find-postmaster.ts";
import { hasCode } from "./process-table.ts";
import { addressOf, filesOf } from "./server-home.ts";
import { readDurable } from "./write-durably.ts";

/**
 * The address of the server that runs on a data folder this moment, whoever has started it; `undefined` when none does.
 * It may still be starting, or end the next moment.
 */
export async function findRunningPostgres(dataDir: string): Promise<string | undefined> {
  const files = filesOf(await resolveFolder(dataDir));
  if ((await findPostmaster(files.cluster)) === undefined) return undefined;
  const [port, password] = await Promise.all([readDurable(files.port), readDurable(files.password)]);
  return port === undefined || password === undefined ? undefined : addressOf(Number(port), password);
}

async function resolveFolder(dataDir: string): Promise<string> {
  try {
    return await realpath(dataDir);
  } catch (error) {
    // Then nothing is found in it either.
    if (hasCode(error, "ENOENT")) return dataDir;
    throw error;
  }
}
