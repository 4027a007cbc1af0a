import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type KnownProcess, killTree } from "./end-processes.ts";
import { findProcess, hasCode, listProcesses, readCommand } from "./process-table.ts";

/** A living postmaster, the process from which all others of a server descend. */
export type Postmaster = KnownProcess & { readonly command: string };

/** A server that starts this moment writes its pid within milliseconds of making the file. */
const EMPTY_FILE_MS = 1_000;
const ASK_INTERVAL_MS = 50;

/**
 * The postmaster that runs on the cluster, whoever started it. A postmaster.pid that would keep Postgres from
 * starting is removed: one left empty by a power loss, or one whose pid some other program has by now, which Postgres
 * would take for a postmaster. What it protects against besides, old processes at work in shared memory, Postgres
 * also finds without it. A file of a pid that is free is left to Postgres, which knows what to do.
 */
export async function findPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const pid = await readPostmasterPid(cluster);
  if (pid === undefined) return undefined;
  const entry = await findProcess(pid);
  if (entry === undefined && pid > 0) return undefined;
  const command = await readCommand(pid);
  // Only a postmaster has its arguments for all to see; its children put titles in their place.
  if (entry !== undefined && command.includes("postgres") && `${command} `.includes(` -D ${cluster} `)) {
    return { pid, identity: entry.identity, command };
  }
  await rm(join(cluster, "postmaster.pid"), { force: true });
  return undefined;
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
 * @param clusterName the setting of that name, which each of them has in its title
 */
export async function killLeftProcesses(clusterName: string): Promise<void> {
  const left = await Promise.all(
    (await listProcesses()).map(async (entry) =>
      (await readCommand(entry.pid)).startsWith(`postgres: ${clusterName}: `) ? [entry] : [],
    ),
  );
  await killTree(left.flat());
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
