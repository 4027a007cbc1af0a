import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

/**
 * One living process. `identity` is when it was started, as the system tells it: with the pid it tells a process from
 * any later one that was given the same pid.
 */
export type ProcessEntry = { readonly pid: number; readonly parentPid: number; readonly identity: string };

const run = promisify(execFile);

/** All living processes of the machine. Those that have ended and only wait to be reaped are left out. */
export async function listProcesses(): Promise<ProcessEntry[]> {
  if (process.platform !== "linux") return listWithPs();
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const entries = await Promise.all(pids.map(findProcess));
  return entries.filter((entry) => entry !== undefined);
}

/** The living process of that pid, if there is one. */
export async function findProcess(pid: number): Promise<ProcessEntry | undefined> {
  if (process.platform !== "linux") return (await listWithPs()).find((entry) => entry.pid === pid);
  const [stat, bootId] = await Promise.all([
    readIfThere(`/proc/${pid}/stat`),
    readIfThere("/proc/sys/kernel/random/boot_id"),
  ]);
  if (stat === undefined) return undefined;
  // proc(5): the name in brackets may hold spaces and brackets; after it come state (3), ppid (4) … starttime (22).
  const [state, parentPid, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === "Z" || state === "X") return undefined;
  return { pid, parentPid: Number(parentPid), identity: `${bootId?.trim()}:${rest[17]}` };
}

/**
 * The program and arguments that a living process was started with, joined by spaces; a process may have put a title
 * in their place, as those of Postgres do, except for the first. Empty when there is no such process.
 */
export async function readCommand(pid: number): Promise<string> {
  if (process.platform !== "linux") return readCommandWithPs(pid);
  const args = (await readIfThere(`/proc/${pid}/cmdline`)) ?? "";
  return args.replaceAll("\0", " ").trimEnd();
}

/** The roots and all their descendants, as far as they are in the list. */
export function treeOf(entries: readonly ProcessEntry[], roots: readonly number[]): ProcessEntry[] {
  const wanted = new Set(roots);
  // A child may come before its parent in the list, so repeat until nothing is added; each round adds one or ends.
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size;
    for (const entry of entries) if (wanted.has(entry.parentPid)) wanted.add(entry.pid);
  }
  return entries.filter((entry) => wanted.has(entry.pid));
}

/** Of these processes the ones that still live, as themselves and not as a later process of the same pid. */
export async function stillAlive(processes: readonly { pid: number; identity: string }[]): Promise<ProcessEntry[]> {
  const found = await Promise.all(
    processes.map(async ({ pid, identity }) => {
      const entry = await findProcess(pid);
      return entry?.identity === identity ? entry : undefined;
    }),
  );
  return found.filter((entry) => entry !== undefined);
}

/** Sends the signal; one that has just ended is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
}

/** Whether an error carries that system code, such as ENOENT. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    // ESRCH: the process ended between opening its file and reading it.
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

async function listWithPs(): Promise<ProcessEntry[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,stat=,lstart="], { timeout: 5_000 });
  return stdout.split("\n").flatMap((line) => {
    const [, pid, parentPid, state, started] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
    if (started === undefined || state?.startsWith("Z")) return [];
    return [{ pid: Number(pid), parentPid: Number(parentPid), identity: started }];
  });
}

async function readCommandWithPs(pid: number): Promise<string> {
  try {
    return (await run("ps", ["-ww", "-o", "command=", "-p", `${pid}`], { timeout: 5_000 })).stdout.trimEnd();
  } catch (error) {
    // `ps` ends with 1 when it finds no such process.
    if (error instanceof Error && "code" in error && error.code === 1) return "";
    throw error;
  }
}
