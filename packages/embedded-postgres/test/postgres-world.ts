import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { expect, vi } from "vitest";
import { type KnownProcess, killTree } from "../src/end-processes.ts";
import { findPostmaster } from "../src/find-postmaster.ts";
import { type EmbeddedPostgres, type EmbeddedPostgresEvent, openEmbeddedPostgres } from "../src/index.ts";
import { listProcesses, stillAlive, treeOf } from "../src/process-table.ts";

const run = promisify(execFile);
export const WAIT = { timeout: 20_000, interval: 20 };

/** A server of a test, and what it has reported. */
export type OpenedServer = EmbeddedPostgres & {
  readonly dataDir: string;
  readonly events: readonly EmbeddedPostgresEvent[];
};

/** Folders and servers of one test file; nothing of it is left after `remove`. */
export type PostgresWorld = {
  newDataDir(): string;
  /** A folder whose server was started once and stopped: a copy, which takes a fraction of the time. */
  newUsedDir(): Promise<string>;
  /** Without a folder in a used one. */
  open(dataDir?: string): Promise<OpenedServer>;
  /** Opens it in a process of its own, which can be killed. */
  openElsewhere(dataDir: string): Promise<Elsewhere>;
  remove(): Promise<void>;
};

export type Elsewhere = {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  /** `kill -9` of that process alone; resolves when it is gone. */
  kill(): Promise<void>;
};

export type SpawnedOwner = {
  readonly pid: number;
  readonly output: () => string;
  readonly errors: () => string;
  readonly ended: Promise<void>;
  kill(): Promise<void>;
};

export async function openWorld(): Promise<PostgresWorld> {
  const root = await mkdtemp(join(tmpdir(), "sms-gateway-embedded-"));
  // mkdtemp lets nobody else in, and Postgres must not run as root.
  await chmod(root, 0o755);
  const dataDirs = new Set<string>();
  const opened: OpenedServer[] = [];
  const remember = (dataDir: string) => {
    dataDirs.add(dataDir);
    return dataDir;
  };
  const newDataDir = () => remember(join(root, randomBytes(4).toString("hex")));
  const used = await makeUsedDir(newDataDir());
  const newUsedDir = async () => {
    const dataDir = newDataDir();
    // Unlike Node's own copying it keeps the owners.
    await run("cp", ["-a", used, dataDir], { timeout: WAIT.timeout });
    return dataDir;
  };
  return {
    newDataDir,
    newUsedDir,
    open: async (folder) => {
      const dataDir = folder ?? (await newUsedDir());
      const events: EmbeddedPostgresEvent[] = [];
      const server = await openEmbeddedPostgres({ dataDir, onEvent: (event) => events.push(event) });
      opened.push({ ...server, dataDir: remember(dataDir), events });
      return { ...server, dataDir, events };
    },
    openElsewhere: (dataDir) => openElsewhere(remember(dataDir)),
    remove: async () => {
      await Promise.all(opened.map((server) => server.stop()));
      for (const dataDir of dataDirs) {
        const left = await findPostmaster(join(dataDir, "cluster"));
        if (left !== undefined) await killTree([left]);
      }
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function makeUsedDir(dataDir: string): Promise<string> {
  await (await openEmbeddedPostgres({ dataDir })).stop();
  // Else all copies would want the same port.
  await rm(join(dataDir, "port"));
  return dataDir;
}

/** The server's processes, the postmaster first. */
export async function processesOf(dataDir: string): Promise<readonly [KnownProcess, ...KnownProcess[]]> {
  const postmaster = await findPostmaster(join(dataDir, "cluster"));
  if (postmaster === undefined) throw new Error(`no server runs on ${dataDir}`);
  const rest = treeOf(await listProcesses(), [postmaster.pid]).filter(({ pid }) => pid !== postmaster.pid);
  return [postmaster, ...rest];
}

/** That none of them is left: asked once, because an end is promised when `stop` returns. */
export async function expectGone(processes: readonly KnownProcess[]): Promise<void> {
  expect(processes.length).toBeGreaterThan(1);
  expect(await stillAlive(processes)).toEqual([]);
}

export async function runSql(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = await connect(url);
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // A server that is killed ends its connections; the statement that meets it fails by itself.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** The event of that kind, as soon as it has happened. */
export function untilEvent<Name extends EmbeddedPostgresEvent["event"]>(
  { events }: OpenedServer,
  name: Name,
): Promise<Extract<EmbeddedPostgresEvent, { event: Name }>> {
  return vi.waitFor(() => {
    const found = events.find(
      (event): event is Extract<EmbeddedPostgresEvent, { event: Name }> => event.event === name,
    );
    if (found === undefined) throw new Error(`no event ${name} among ${JSON.stringify(events)}`);
    return found;
  }, WAIT);
}

/**
 * Starts the process and does not wait until it has opened the server.
 * @param options.through a command that runs the one appended to it
 */
export function spawnElsewhere(
  dataDir: string,
  { through = [], args: more = [] }: { readonly through?: readonly string[]; readonly args?: readonly string[] } = {},
): SpawnedOwner {
  const source = fileURLToPath(new URL("./owner-process.ts", import.meta.url));
  const tsx = import.meta.resolve("tsx");
  // Without the wrapper program of tsx, so that the pid is that of the owner itself.
  const owner = [process.execPath, "--conditions=@sms-gateway/source", "--import", tsx, source, dataDir, ...more];
  const [program = "", ...args] = [...through, ...owner];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk) => {
      said[name] += chunk;
    });
  }
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid: child.pid ?? 0,
    output: () => said.stdout,
    errors: () => said.stderr,
    ended,
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function openElsewhere(dataDir: string): Promise<Elsewhere> {
  const { output, errors, kill } = spawnElsewhere(dataDir);
  const facts: unknown = await vi.waitFor(() => JSON.parse(output()), WAIT);
  if (typeof facts !== "object" || facts === null || !("url" in facts) || !("port" in facts) || !("pid" in facts)) {
    throw new Error(`the owner said ${output()}${errors()}`);
  }
  return { url: String(facts.url), port: Number(facts.port), pid: Number(facts.pid), kill };
}

export async function readText(...path: string[]): Promise<string> {
  return await readFile(join(...path), "utf8");
}
