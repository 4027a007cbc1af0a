import { execFile } from "node:child_process";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { waitFor } from "../wait-for.ts";
import { findProcess, hasCode, listProcesses, sendSignal, stillAlive, treeOf } from "./process-table.ts";

/** A process told apart from any later one of the same pid. */
export type KnownProcess = { readonly pid: number; readonly identity: string };

/**
 * What is known on disk about the server of a data folder, so that one left over from a killed run is found and
 * ended by a later run, and only if the process is really that server.
 */
export type ServerRecord = {
  /** The process that started the server. While it lives, nobody else touches the server. */
  readonly owner: KnownProcess;
  readonly processes: readonly KnownProcess[];
  readonly container?: string;
  /** A folder that holds the data when it could not be kept inside the data folder. */
  readonly outsideDataDir?: string;
};

export const RECORD_FILE = "server.json";
const run = promisify(execFile);
const GRACE_MS = 10_000;

/** This process, as owner of a record. */
export async function identifySelf(): Promise<KnownProcess> {
  const self = await findProcess(process.pid);
  if (self === undefined) throw new Error(`process ${process.pid} does not find itself in the process table`);
  return { pid: self.pid, identity: self.identity };
}

/** Written aside and renamed, so that nobody reads half a record. */
export async function writeRecord(dataDir: string, record: ServerRecord): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const path = join(dataDir, RECORD_FILE);
  await writeFile(`${path}.${process.pid}`, `${JSON.stringify(record, null, 2)}\n`);
  await rename(`${path}.${process.pid}`, path);
}

/** The record of a data folder; undefined where no server ever ran. */
export async function readRecord(dataDir: string): Promise<ServerRecord | undefined> {
  try {
    return parseRecord(await readFile(join(dataDir, RECORD_FILE), "utf8"), dataDir);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/**
 * Ends what a killed run has left running on this data folder; its data stays.
 * @throws Error when the run that started the server still lives.
 */
export async function endStaleServer(dataDir: string, stopSignal: NodeJS.Signals): Promise<void> {
  const record = await readRecord(dataDir);
  if (record === undefined) return;
  const running = await stillAlive(record.processes);
  const [owner] = await stillAlive([record.owner]);
  if (owner !== undefined && running.length > 0) {
    throw new Error(`a server is running on ${dataDir} already (pid ${running[0]?.pid}, started by ${owner.pid})`);
  }
  if (record.container !== undefined) await removeContainer(record.container);
  await endProcesses(running, stopSignal);
}

/** Ends the server of a data folder, whoever started it, and removes all its data. */
export async function removeServer(dataDir: string): Promise<void> {
  const record = await readRecord(dataDir);
  if (record !== undefined) {
    if (record.container !== undefined) await removeContainer(record.container);
    await killTree(await stillAlive(record.processes));
    if (record.outsideDataDir !== undefined) await rm(record.outsideDataDir, { recursive: true, force: true });
  }
  await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
}

/** Asks with the signal, waits, then kills what is left, descendants included. Returns when all are gone. */
export async function endProcesses(roots: readonly KnownProcess[], signal: NodeJS.Signals, graceMs = GRACE_MS) {
  if (roots.length === 0) return;
  const pids = roots.map(({ pid }) => pid);
  const tree = treeOf(await listProcesses(), pids);
  for (const pid of pids) sendSignal(pid, "SIGCONT");
  for (const pid of pids) sendSignal(pid, signal);
  const deadline = performance.now() + graceMs;
  while ((await stillAlive(tree)).length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await killTree(await stillAlive(tree));
}

/**
 * SIGKILL for the processes and all their descendants; returns when all are gone. The roots are frozen first, so
 * that none forks a child after the children were counted.
 */
export async function killTree(roots: readonly KnownProcess[]): Promise<void> {
  if (roots.length === 0) return;
  const pids = roots.map(({ pid }) => pid);
  for (const pid of pids) sendSignal(pid, "SIGSTOP");
  const tree = treeOf(await listProcesses(), pids);
  for (const { pid } of tree) sendSignal(pid, "SIGKILL");
  await waitFor(async () => (await stillAlive(tree)).length === 0, { what: `processes ${pids} to end after SIGKILL` });
}

/**
 * Remembers a process and its descendants, which can no longer be told once it has ended.
 * @returns how to kill those of them that are left then
 */
export async function captureTree(pid: number): Promise<{ killRest(): Promise<void> }> {
  const tree = treeOf(await listProcesses(), [pid]);
  return { killRest: async () => killTree(await stillAlive(tree)) };
}

async function removeContainer(name: string): Promise<void> {
  await run("docker", ["rm", "--force", "--volumes", name], { timeout: 30_000 });
}

function parseRecord(text: string, dataDir: string): ServerRecord {
  const value: unknown = JSON.parse(text);
  const bad = () => new Error(`${join(dataDir, RECORD_FILE)} is not a server record; remove it`);
  if (typeof value !== "object" || value === null || !("owner" in value) || !("processes" in value)) throw bad();
  if (!isKnownProcess(value.owner)) throw bad();
  if (!Array.isArray(value.processes) || !value.processes.every(isKnownProcess)) throw bad();
  return {
    owner: value.owner,
    processes: value.processes,
    ...("container" in value && typeof value.container === "string" ? { container: value.container } : {}),
    ...("outsideDataDir" in value && typeof value.outsideDataDir === "string"
      ? { outsideDataDir: value.outsideDataDir }
      : {}),
  };
}

function isKnownProcess(value: unknown): value is KnownProcess {
  if (typeof value !== "object" || value === null || !("pid" in value) || !("identity" in value)) return false;
  return typeof value.pid === "number" && typeof value.identity === "string";
}
