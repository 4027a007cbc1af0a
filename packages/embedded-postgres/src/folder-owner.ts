import { link, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identifySelf, type KnownProcess } from "./end-processes.ts";
import { hasCode, stillAlive } from "./process-table.ts";

/**
 * One process at a time owns a data folder. Its claim is the file `owner.<n>.json` of the highest number, and holds
 * while the process that is named there lives; nothing has to be tidied up after a `kill -9` or a power loss.
 *
 * A claim is never taken over in place, but followed by one of the next number, which the file system gives to one
 * process only. Claims of lower numbers are removed, the highest never is: else a process that has looked long ago
 * could take its number again.
 */
export type FolderOwner = {
  /** Lets another process, or another part of this one, own the folder. */
  release(): Promise<void>;
};

const TRIES_MAX = 20;
const CLAIM_NAME = /^owner\.(\d+)\.json$/;

/**
 * Becomes the owner of an existing data folder.
 * @throws Error that names the pid of the process that owns it, or the user to whom the folder belongs
 */
export async function ownFolder(folder: string): Promise<FolderOwner> {
  await refuseForeignFolder(folder);
  const aside = join(folder, `owner.json.${process.pid}`);
  await writeFile(aside, JSON.stringify(await identifySelf()));
  try {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const claims = await listClaims(folder);
      const last = Math.max(0, ...claims);
      const holder = last === 0 ? undefined : await readClaim(folder, last);
      if (holder !== undefined) throw new Error(`${folder} is in use by process ${holder.pid}: stop that one first`);
      const path = claimPath(folder, last + 1);
      if (!(await linkIfFree(aside, path))) continue;
      // A number that was given out and removed while this process looked away is no claim.
      if ((await listClaims(folder)).some((number) => number > last + 1)) {
        await rm(path);
        continue;
      }
      for (const number of claims) await rm(claimPath(folder, number), { force: true });
      // An empty claim holds nothing, and emptying needs no room on a full disk.
      return { release: () => truncate(path) };
    }
    throw new Error(`${folder} is being taken by other processes all the time`);
  } finally {
    await rm(aside, { force: true });
  }
}

async function refuseForeignFolder(folder: string): Promise<void> {
  const { uid } = await stat(folder);
  const self = process.getuid?.();
  if (self === 0 || self === uid) return;
  throw new Error(
    `${folder} belongs to the user with id ${uid}, who has started Postgres here before (for root, user postgres or ` +
      "nobody): start it as that one again, or give the folder and all in it to the user who runs it from now on",
  );
}

async function listClaims(folder: string): Promise<number[]> {
  return (await readdir(folder)).flatMap((name) => {
    const number = CLAIM_NAME.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/** The living process that holds that claim. */
async function readClaim(folder: string, number: number): Promise<KnownProcess | undefined> {
  let text: string;
  try {
    text = await readFile(claimPath(folder, number), "utf8");
  } catch (error) {
    // Followed by a higher number meanwhile, which is met below.
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const holder = parseClaim(text);
  return holder !== undefined && (await stillAlive([holder])).length > 0 ? holder : undefined;
}

/** Anything else than a claim was given back, or lost its text in a power loss, which its process has not survived. */
function parseClaim(text: string): KnownProcess | undefined {
  const [, pid, identity] = /^\{"pid":(\d+),"identity":"([^"]*)"\}$/.exec(text) ?? [];
  return identity === undefined ? undefined : { pid: Number(pid), identity };
}

async function linkIfFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

function claimPath(folder: string, number: number): string {
  return join(folder, `owner.${number}.json`);
}
