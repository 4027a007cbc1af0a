import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { findPostmaster } from "./find-postmaster.ts";
import { ownFolder } from "./folder-owner.ts";
import { hasCode } from "./process-table.ts";
import { filesOf } from "./server-home.ts";

/** Everything that this package makes in a data folder, half-made files included. */
const OUR_NAMES: readonly RegExp[] = [
  /^cluster(\.new-[0-9a-f]+(\.password)?)?$/,
  /^(password|port)(\.new)?$/,
  /^(logs|start\.log)$/,
  /^owner\.(\d+\.json|json\.[0-9a-f]+)$/,
];
/** What tells a data folder that has been used. */
const MARKS: readonly string[] = ["cluster", "password"];
/** In the root of a fresh volume. */
const NOBODYS_NAMES: readonly string[] = ["lost+found"];

/**
 * Refuses a folder that holds something else than a Postgres of this package: it would be given to another user when
 * root starts Postgres in it. What lies beside a Postgres of ours is not minded.
 * @throws Error that names the folder and the setting
 */
export async function refuseFolderOfOthers(dataDir: string): Promise<void> {
  if (isDataFolder(await readdir(dataDir))) return;
  throw new Error(
    `${dataDir} holds files, but no data of the embedded Postgres, which needs a folder of its own: set ` +
      "EMBEDDED_POSTGRES_DIR to an empty folder or to one that does not exist yet",
  );
}

/**
 * Deletes the data of a stopped Postgres for good: what this package has made in the folder, and the folder itself when
 * nothing else is in it. Nothing happens to a folder that is missing or holds no such data.
 * @returns the names that were left alone
 * @throws Error when a process has the folder open or a server runs in it
 */
export async function deleteEmbeddedPostgres(dataDir: string): Promise<string[]> {
  const found = await listIfThere(dataDir);
  if (found === undefined || !isDataFolder(found)) return found ?? [];
  const owner = await ownFolder(dataDir);
  try {
    const running = await findPostmaster(filesOf(dataDir).cluster);
    if (running !== undefined) throw new Error(`Postgres runs in ${dataDir} (process ${running.pid}): stop it first`);
    // Claims last, so that the folder is owned until then.
    for (const name of (await readdir(dataDir)).filter(isOurs).sort(byClaimsLast)) {
      await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 3 });
    }
  } finally {
    await owner.release();
  }
  const left = await readdir(dataDir);
  if (left.length === 0) await rmdir(dataDir);
  return left;
}

function isDataFolder(names: readonly string[]): boolean {
  return MARKS.some((mark) => names.includes(mark)) || names.every((name) => isOurs(name) || isNobodys(name));
}

function isOurs(name: string): boolean {
  return OUR_NAMES.some((pattern) => pattern.test(name));
}

function isNobodys(name: string): boolean {
  return NOBODYS_NAMES.includes(name);
}

function byClaimsLast(a: string, b: string): number {
  return Number(a.startsWith("owner.")) - Number(b.startsWith("owner."));
}

async function listIfThere(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
