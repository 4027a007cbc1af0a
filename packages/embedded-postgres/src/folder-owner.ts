import { randomBytes } from "node:crypto";
import { link, readdir, readFile, readlink, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identifySelf, type KnownProcess } from "./end-processes.ts";
import { askFolderLock, shareFolderLock } from "./folder-lock.ts";
import { hasCode, stillAlive } from "./process-table.ts";

/**
 * One process at a time owns a data folder. Its claim is the file `owner.<n>.json` of the highest number, and holds
 * while the process that is named there lives; nothing has to be tidied up after a `kill -9` or a power loss.
 *
 * A claim is never taken over in place, but followed by one of the next number, which the file system gives to one
 * process only. Claims of lower numbers are removed, the highest never is: else a process that has looked long ago
 * could take its number again.
 *
 * A process of another pid namespace (another container on the same folder) is not in our process table. Its claim holds
 * while somebody has the folder's lock, which the owner takes before its claim and hands down to its server. Not a
 * heartbeat: that stops while a container is paused and ends with an owner whose server lives on, and then a second
 * server would ruin the data. The lock needs no waiting either: a container that is restarted after a crash is the owner
 * at once. Where there is no such lock, a claim of this boot holds until somebody removes it. A claim of another boot
 * holds nothing.
 */
export type FolderOwner = {
  /** Of the folder's lock, for the server to inherit; undefined where there is none. */
  readonly lockFd: number | undefined;
  /** Lets another process, or another part of this one, own the folder. */
  release(): Promise<void>;
};

/** The owner, and the pid namespace where that means something (Linux). */
type Claim = KnownProcess & { readonly namespace?: string };

const TRIES_MAX = 20;
const CLAIM_NAME = /^owner\.(\d+)\.json$/;

/**
 * Becomes the owner of an existing data folder.
 * @throws Error that names the process that owns it, or the user to whom the folder belongs, and says what to do
 */
export async function ownFolder(folder: string): Promise<FolderOwner> {
  await refuseForeignFolder(folder);
  const self = await describeSelf();
  // Not by pid, which is the same in many containers.
  const aside = join(folder, `owner.json.${randomBytes(4).toString("hex")}`);
  await writeFile(aside, JSON.stringify(self));
  try {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const claims = await listClaims(folder);
      const last = Math.max(0, ...claims);
      if (last > 0) await refuseHeldFolder(folder, last, self);
      const owner = await tryToOwn(folder, aside, last + 1);
      if (owner === undefined) continue;
      for (const number of claims) await rm(claimPath(folder, number), { force: true });
      return owner;
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

/** Returns when the claim of that number holds nothing. */
async function refuseHeldFolder(folder: string, number: number, self: Claim): Promise<void> {
  const path = claimPath(folder, number);
  const last = await readClaim(path);
  if (last === undefined) return;
  if (last.namespace === undefined || last.namespace === self.namespace) {
    if ((await stillAlive([last])).length === 0) return;
    throw new Error(`${folder} is in use by process ${last.pid}: stop that one first`);
  }
  if (bootOf(last) !== bootOf(self)) return;
  const answer = await askFolderLock(folder);
  if (answer === "free") return;
  const holder = `process ${last.pid} of another container (${last.namespace})`;
  throw new Error(
    answer === "held"
      ? `${folder} is in use by ${holder}, or by the Postgres that it has left running: stop that container first`
      : `${folder} may be in use by ${holder}, which cannot be seen from here: stop that container first; if it is ` +
          `certainly gone, remove ${path}`,
  );
}

/** Takes the lock, then the claim; undefined when another process was given that number first. */
async function tryToOwn(folder: string, aside: string, number: number): Promise<FolderOwner | undefined> {
  const lock = await shareFolderLock(folder);
  const path = claimPath(folder, number);
  let isClaimed = false;
  try {
    isClaimed = await tryToClaim(folder, aside, number);
  } finally {
    if (!isClaimed) await lock?.close();
  }
  if (!isClaimed) return undefined;
  return {
    lockFd: lock?.fd,
    release: async () => {
      await emptyIfThere(path);
      await lock?.close();
    },
  };
}

/** An empty claim holds nothing, and emptying needs no room on a full disk. */
async function emptyIfThere(path: string): Promise<void> {
  try {
    await truncate(path);
  } catch (error) {
    // Deleted together with the data.
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

async function tryToClaim(folder: string, aside: string, number: number): Promise<boolean> {
  const path = claimPath(folder, number);
  if (!(await linkIfFree(aside, path))) return false;
  // A number that was given out and removed while this process looked away is no claim.
  if ((await listClaims(folder)).every((other) => other <= number)) return true;
  await rm(path);
  return false;
}

async function describeSelf(): Promise<Claim> {
  const self = await identifySelf();
  return process.platform === "linux" ? { ...self, namespace: await readlink("/proc/self/ns/pid") } : self;
}

async function readClaim(path: string): Promise<Claim | undefined> {
  try {
    return parseClaim(await readFile(path, "utf8"));
  } catch (error) {
    // Followed by a higher number meanwhile, which is met next.
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Anything else than a claim was given back, or lost its text in a power loss, which its process has not survived. */
function parseClaim(text: string): Claim | undefined {
  const [, pid, identity, namespace] =
    /^\{"pid":(\d+),"identity":"([^"]*)"(?:,"namespace":"([^"]*)")?\}$/.exec(text) ?? [];
  if (identity === undefined) return undefined;
  return { pid: Number(pid), identity, ...(namespace === undefined ? {} : { namespace }) };
}

/** On Linux an identity begins with the id of the boot. */
function bootOf({ identity }: Claim): string | undefined {
  return identity.split(":")[0];
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
