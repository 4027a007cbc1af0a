import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { hasCode, type ProcessEntry, readCommand } from "./process-table.ts";
import { SERVER_ENVIRONMENT } from "./server-user.ts";

/** Whether a process is a postmaster of a cluster: `hidden` when this process may not see enough to tell. */
export type Verdict = "of this cluster" | "of another" | "hidden";

/** `postgres` with its arguments; the children of a postmaster put titles (`postgres: …`) in their place. */
const POSTMASTER = /(^|\/)(postgres|postmaster)( |$)/;
/** In the arguments of every server of this package. */
const NAME_SETTING = / cluster_name=(sms-[0-9a-f]+-[0-9a-f]+)( |$)/;
const PROGRAM_TIMEOUT_MS = 5_000;
const run = promisify(execFile);

type User = { readonly uid: number; readonly gid: number };

/**
 * The setting `cluster_name` of a cluster, which all its processes show in their titles or arguments. Made of what
 * tells a folder from all others of this machine under whatever path: a renamed or bind-mounted folder keeps its name, a
 * copy has another one.
 * @param cluster an existing folder
 */
export async function nameCluster(cluster: string): Promise<string> {
  const { dev, ino } = await stat(cluster, { bigint: true });
  return nameFolder(dev, ino);
}

function nameFolder(dev: bigint, ino: bigint): string {
  return `sms-${dev.toString(16)}-${ino.toString(16)}`;
}

/**
 * Judges a process by the folder it works in, since Postgres changes into its cluster (PostgreSQL source,
 * ChangeToDataDir). Its path says nothing: the folder may have been renamed since, or be mounted elsewhere. Where the
 * kernel hides that folder (processes of other users), and on macOS, which does not show it, a server of ours is known
 * by its name; on macOS any other by its path.
 */
export async function judgePostmaster(cluster: string, pid: number): Promise<Verdict> {
  const command = await readCommand(pid);
  if (!POSTMASTER.test(command)) return "of another";
  const ours = await nameCluster(cluster);
  const named = NAME_SETTING.exec(command)?.[1];
  if (process.platform !== "linux") {
    return named === ours || `${command} `.includes(` -D ${cluster} `) ? "of this cluster" : "of another";
  }
  const user = await readUser(pid);
  const found = (user && (await nameWorkFolder(pid, user))) ?? named;
  if (found !== undefined) return found === ours ? "of this cluster" : "of another";
  // Postgres runs as nobody else than the owner of its files.
  return user?.uid === (await stat(cluster)).uid ? "hidden" : "of another";
}

/** Of these processes the ones that a postmaster of that name has started. */
export async function filterChildren(entries: readonly ProcessEntry[], clusterName: string): Promise<ProcessEntry[]> {
  const found = await Promise.all(
    entries.map(async (entry) =>
      (await readCommand(entry.pid)).startsWith(`postgres: ${clusterName}: `) ? [entry] : [],
    ),
  );
  return found.flat();
}

async function nameWorkFolder(pid: number, user: User): Promise<string | undefined> {
  const path = `/proc/${pid}/cwd`;
  try {
    return await nameCluster(path);
  } catch (error) {
    // It has ended, and works nowhere.
    if (hasCode(error, "ENOENT", "ESRCH")) return "";
    if (!hasCode(error, "EACCES", "EPERM")) throw error;
    return process.getuid?.() === 0 ? nameAs(user, path) : undefined;
  }
}

/** In a container root lacks the right to look (CAP_SYS_PTRACE), but anybody may look at processes of their own. */
async function nameAs(user: User, path: string): Promise<string | undefined> {
  const options = { ...user, env: { ...SERVER_ENVIRONMENT }, cwd: "/", timeout: PROGRAM_TIMEOUT_MS };
  const [answer] = await Promise.allSettled([run("stat", ["--dereference", "--format=%d %i", path], options)]);
  // When even that is refused, the folder stays hidden.
  if (answer.status === "rejected") return undefined;
  const [, dev, ino] = /^(\d+) (\d+)$/m.exec(answer.value.stdout) ?? [];
  return dev === undefined || ino === undefined ? undefined : nameFolder(BigInt(dev), BigInt(ino));
}

/** As whom a process runs; undefined when it has ended. */
async function readUser(pid: number): Promise<User | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const [uid, gid] = ["Uid", "Gid"].map((name) => new RegExp(`^${name}:\\t\\d+\\t(\\d+)`, "m").exec(status)?.[1]);
    return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}
