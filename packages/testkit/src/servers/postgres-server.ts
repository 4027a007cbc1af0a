import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import {
  chooseServerUser,
  commandAs,
  createCluster,
  findEmbeddedPrograms,
  readClusterVersion,
  SERVER_ENVIRONMENT,
} from "@sms-gateway/embedded-postgres";
import { findFreePort } from "./free-port.ts";
import type { PostgresServer, ServerOptions } from "./running-server.ts";
import { findPostgresFolders } from "./server-programs.ts";
import { askPostgres, runSql } from "./server-readiness.ts";
import { superviseServer } from "./supervise-server.ts";
import { readTestServersConfig, type TestServersConfig } from "./test-servers-config.ts";

export type PostgresOptions = ServerOptions & {
  /** The database that `url` names; created when missing. */
  readonly database?: string;
};

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;
const MAX_CONNECTIONS = 200;
const run = promisify(execFile);

/**
 * Starts Postgres on 127.0.0.1 from the newest programs of this machine, or those that its existing data needs; without
 * any, or with TEST_POSTGRES=embedded, from those that come with this project's packages.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { user = "postgres", password = "postgres", database = "postgres", durable = true } = options;
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const data = join(dataDir, "data");
  const { folder, version } = await choosePrograms(data, readTestServersConfig());
  const runAs = await chooseServerUser(folder, data);
  if ((await readClusterVersion(data)) === undefined) {
    await createCluster(data, { programs: folder, runAs, superuser: user, password, durable });
  }
  const port = options.port ?? (await findFreePort());
  const urlOf = (name: string) =>
    `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(name)}`;
  const controls = superviseServer({
    name: `Postgres on port ${port}`,
    dataDir,
    port,
    processes: [
      {
        ...commandAs(runAs, join(folder, "postgres"), ["-D", data, ...settingsArgs(port, durable)]),
        env: SERVER_ENVIRONMENT,
        cwd: dataDir,
      },
    ],
    isReady: () => askPostgres(urlOf("postgres")),
    // "Fast shutdown": open transactions are rolled back; SIGTERM would wait for clients to leave by themselves.
    stopSignal: "SIGINT",
    startTimeoutMs: START_TIMEOUT_MS,
    stopTimeoutMs: STOP_TIMEOUT_MS,
  });
  await controls.start();
  await createDatabaseIfMissing(urlOf("postgres"), database);
  return { ...controls, url: urlOf(database), port, dataDir, description: `PostgreSQL ${version} programs` };
}

function settingsArgs(port: number, durable: boolean): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: "127.0.0.1",
    port,
    // Socket paths are limited to 107 bytes, which a deep working folder exceeds; everybody connects by TCP.
    unix_socket_directories: "",
    // Inside the data folder: of a server that is killed and never started again, nothing stays in /dev/shm.
    dynamic_shared_memory_type: "mmap",
    max_connections: MAX_CONNECTIONS,
    timezone: "UTC",
    log_timezone: "UTC",
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

async function choosePrograms(data: string, config: TestServersConfig): Promise<{ folder: string; version: string }> {
  const needed = await readClusterVersion(data);
  const folders = findPostgresFolders(config);
  if (folders.length === 0) throw new Error(describeMissingPrograms(config));
  for (const folder of folders) {
    const version = await readVersion(data, folder);
    if (needed === undefined || version.split(".")[0] === needed) return { folder, version };
  }
  throw new Error(`${data} was made by Postgres ${needed}, whose programs are not on this machine`);
}

function describeMissingPrograms({ postgresPrograms }: TestServersConfig): string {
  const embedded = findEmbeddedPrograms();
  const own = "problem" in embedded ? embedded.problem : "";
  if (postgresPrograms === "embedded") return `TEST_POSTGRES=embedded: ${own}`;
  return `no Postgres programs found (Debian: apt-get install postgresql), and none of our own: ${own}`;
}

/** Asked as the user that will run them: they need not be open to this one. */
async function readVersion(data: string, folder: string): Promise<string> {
  const user = await chooseServerUser(folder, data);
  const { program, args, runAs } = commandAs(user, join(folder, "postgres"), ["--version"]);
  const { stdout } = await run(program, [...args], {
    ...runAs,
    env: { ...SERVER_ENVIRONMENT },
    cwd: "/",
    timeout: 5_000,
  });
  return /\d+(\.\d+)?/.exec(stdout)?.[0] ?? "";
}

async function createDatabaseIfMissing(adminUrl: string, name: string): Promise<void> {
  if (name === "postgres") return;
  const { rows } = await runSql(adminUrl, "select datname from pg_database");
  if (rows.some((row) => row.datname === name)) return;
  await runSql(adminUrl, `create database "${name.replaceAll('"', '""')}"`);
}
