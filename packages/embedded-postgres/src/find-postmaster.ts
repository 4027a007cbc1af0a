import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { filterChildren, judgePostmaster } from "./cluster-processes.ts";
import { type KnownProcess, killTree } from "./end-processes.ts";
import { findProcess, hasCode, listProcesses, readCommand } from "./process-table.ts";

/** A living postmaster, the process from which all others of a server descend. */
export type Postmaster = KnownProcess & { readonly command: string };

/** A server that starts this moment writes its pid within milliseconds of making the file. */
const EMPTY_FILE_MS = 1_000;
const ASK_INTERVAL_MS = 50;

/**
 * The postmaster that runs on the cluster, whoever started it. Only looks: a server whose postmaster.pid is taken away
 * shuts itself down.
 */
export async function findPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const pid = await readPostmasterPid(cluster);
  const entry = pid === undefined ? undefined : await findProcess(pid);
  if (entry === undefined || (await judgePostmaster(cluster, entry.pid)) !== "of this cluster") return undefined;
  return { pid: entry.pid, identity: entry.identity, command: await readCommand(entry.pid) };
}

/**
 * Removes a postmaster.pid that would keep Postgres from starting: one left empty by a power loss, or one whose pid
 * some other program has by now, or a postmaster that nobody reaps, either of which Postgres would take for one at work. What it protects against besides, old
 * processes at work in shared memory, Postgres also finds without it. A file of a pid that is free is left to Postgres,
 * which knows what to do; and so is any file while some process may be a postmaster of this cluster.
 *
 * Only for the owner of the data folder (`ownFolder`), so that nobody starts a server meanwhile.
 */
export async function removeLeftPidFile(cluster: string): Promise<void> {
  const pid = await readPostmasterPid(cluster);
  if (pid === undefined || isFree(pid)) return;
  for (const entry of await listProcesses()) {
    if ((await judgePostmaster(cluster, entry.pid)) !== "of another") return;
  }
  await rm(join(cluster, "postmaster.pid"), { force: true });
}

/** Asked as Postgres asks: it also minds a process that has ended and that nobody reaps. */
function isFree(pid: number): boolean {
  // What is nobody's pid would reach a process group.
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return hasCode(error, "ESRCH");
  }
  return false;
}

/** The pid in postmaster.pid; 0 when it has stayed without one; undefined where there is no file. */
export async function readPostmasterPid(cluster: string): Promise<number | undefined> {
  const deadline = performance.now() + EMPTY_FILE_MS;
  for (;;) {
    const text = await readIfThere(join(cluster, "postmaster.pid"));
    if (text === undefined) return undefined;
    // Negative for a server in single-user mode.
    const pid = /^-?(\d+)$/m.exec(text)?.[1];
    if (pid !== undefined) return Number(pid);
    if (performance.now() > deadline) return 0;
    await delay(ASK_INTERVAL_MS);
  }
}

/**
 * Kills what a postmaster has left behind by dying: processes that are busy do not notice, and while one of them lives
 * no new postmaster starts. Only for a cluster on which no postmaster runs.
 * @param clusterName the setting of that name (`nameCluster`)
 */
export async function killLeftProcesses(clusterName: string): Promise<void> {
  await killTree(await filterChildren(await listProcesses(), clusterName));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
