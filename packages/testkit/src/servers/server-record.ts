import { execFile } from "node:child_process";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  endProcesses,
  hasCode,
  type KnownProcess,
  killTree,
  listProcesses,
  stillAlive,
  treeOf,
} from "@sms-gateway/embedded-postgres";

/**
 * What is known on disk about the server of a data folder, so that one left over from a killed run is found and
 * ended by a later run, and only if the process is really that server.
 */
export type ServerRecord = {
  /** The process that started the server. While it lives, nobody else touches the server. */
  readonly owner: KnownProcess;
  readonly processes: readonly KnownProcess[];
  readonly container?: string;
};

export const RECORD_FILE = "server.json";
const run = promisify(execFile);
const GRACE_MS = 10_000;

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
  await endProcesses(running, [{ signal: stopSignal, graceMs: GRACE_MS }]);
}

/** Ends the server of a data folder, whoever started it, and removes all its data. */
export async function removeServer(dataDir: string): Promise<void> {
  const record = await readRecord(dataDir);
  if (record !== undefined) {
    if (record.container !== undefined) await removeContainer(record.container);
    await killTree(await stillAlive(record.processes));
  }
  await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Remembers a process and its descendants, which can no longer be told once it has ended.
 * @returns how to kill those of them that are left then
 */
export async function captureTree(pid: number): Promise<{ killRest(): Promise<void> }> {
  const tree = treeOf(await listProcesses(), [pid]);
  return { killRest: async () => killTree(await stillAlive(tree)) };
}

/** Without its engine no container runs, so one that cannot be removed for that reason holds up nothing. */
async function removeContainer(name: string): Promise<void> {
  try {
    await run("docker", ["rm", "--force", "--volumes", name], { timeout: 30_000 });
  } catch (error) {
    if (!isEngineGone(error)) throw error;
    process.stderr.write(`The container ${name} of an earlier run was not removed: no Docker Engine answers.\n`);
  }
}

/** No program, or one that finds no engine: as it says so for a socket and for an address. */
function isEngineGone(error: unknown): boolean {
  if (hasCode(error, "ENOENT")) return true;
  const said = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
  return /cannot connect to the docker daemon|error during connect/i.test(said);
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
  };
}

function isKnownProcess(value: unknown): value is KnownProcess {
  if (typeof value !== "object" || value === null || !("pid" in value) || !("identity" in value)) return false;
  return typeof value.pid === "number" && typeof value.identity === "string";
}
