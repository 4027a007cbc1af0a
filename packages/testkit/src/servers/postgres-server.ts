import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { findFreePort } from "./free-port.ts";
import { hasCode } from "./process-table.ts";
import type { PostgresServer, ServerOptions } from "./running-server.ts";
import { findPostgresFolders } from "./server-programs.ts";
import { askPostgres, runSql } from "./server-readiness.ts";
import { superviseServer } from "./supervise-server.ts";
import { readTestServersConfig } from "./test-servers-config.ts";

export type PostgresOptions = ServerOptions & {
  /** The database that `url` names; created when missing. */
  readonly database?: string;
};

type RunAs = { readonly uid: number; readonly gid: number };
type Cluster = { readonly home: string; readonly runAs: RunAs | undefined; readonly env: Record<string, string> };

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const INITDB_TIMEOUT_MS = 60_000;
const MAX_CONNECTIONS = 200;
const run = promisify(execFile);

/** Starts Postgres on 127.0.0.1 from the newest programs of this machine, or those that its existing data needs. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { user = "postgres", password = "postgres", database = "postgres", durable = true } = options;
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const config = readTestServersConfig();
  const cluster = await openCluster(dataDir, config.path, options.say);
  const data = join(cluster.home, "data");
  const { folder, version } = await choosePrograms(data, config.path);
  if ((await readVersion(data)) === undefined) await createCluster(cluster, { folder, user, password, durable });
  const port = options.port ?? (await findFreePort());
  const urlOf = (name: string) =>
    `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(name)}`;
  const controls = superviseServer({
    name: `Postgres on port ${port}`,
    dataDir,
    port,
    processes: [
      {
        program: join(folder, "postgres"),
        args: ["-D", data, ...settingsArgs(port, durable)],
        env: cluster.env,
        cwd: cluster.home,
        ...(cluster.runAs === undefined ? {} : { runAs: cluster.runAs }),
      },
    ],
    isReady: () => askPostgres(urlOf("postgres")),
    // "Fast shutdown": open transactions are rolled back; SIGTERM would wait for clients to leave by themselves.
    stopSignal: "SIGINT",
    startTimeoutMs: START_TIMEOUT_MS,
    stopTimeoutMs: STOP_TIMEOUT_MS,
    ...(cluster.home === dataDir ? {} : { outsideDataDir: cluster.home }),
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
    max_connections: MAX_CONNECTIONS,
    timezone: "UTC",
    log_timezone: "UTC",
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** Postgres refuses to run as root, so root hands it to another user, in a folder which that user can reach. */
async function openCluster(dataDir: string, path: string, say: ServerOptions["say"]): Promise<Cluster> {
  const envOf = (home: string) => ({ PATH: path, HOME: home, LC_ALL: "C" });
  if (process.getuid?.() !== 0) return { home: dataDir, runAs: undefined, env: envOf(dataDir) };
  const runAs = await findUnprivilegedUser();
  const home = (await canReach(runAs, dataDir)) ? dataDir : outsideHome(dataDir);
  if (home !== dataDir) {
    say?.(`Postgres may not run as root and its user cannot reach ${dataDir}: its data is in ${home}`);
    await mkdir(home, { recursive: true, mode: 0o700 });
    await chown(home, runAs.uid, runAs.gid);
  }
  return { home, runAs, env: envOf(home) };
}

/** Named after the data folder, so that the next start on it finds the same data. Kept over a reboot, unlike /tmp. */
function outsideHome(dataDir: string): string {
  const digest = createHash("sha256").update(dataDir).digest("hex").slice(0, 12);
  return join("/var/tmp", `sms-gateway-${basename(dataDir)}-${digest}`);
}

async function findUnprivilegedUser(): Promise<RunAs> {
  const accounts = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const account = accounts.find(([name]) => name === "postgres") ?? accounts.find(([name]) => name === "nobody");
  if (account === undefined) throw new Error("Postgres refuses root, and there is no user postgres or nobody");
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

async function canReach(runAs: RunAs, folder: string): Promise<boolean> {
  try {
    await run("test", ["-x", folder], { ...runAs, cwd: "/", timeout: 5_000 });
    return true;
  } catch (error) {
    // `test` answers no with exit code 1; anything else is a failure of its own.
    if (error instanceof Error && "code" in error && error.code === 1) return false;
    throw error;
  }
}

/** Made aside and renamed, so that a run killed meanwhile leaves no half-made cluster to be taken for a whole one. */
async function createCluster(
  { home, runAs, env }: Cluster,
  { folder, user, password, durable }: { folder: string; user: string; password: string; durable: boolean },
): Promise<void> {
  const made = join(home, "data.new");
  const passwordFile = join(home, "password.new");
  await rm(made, { recursive: true, force: true });
  await mkdir(made, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (runAs !== undefined) {
    await chown(made, runAs.uid, runAs.gid);
    await chown(passwordFile, runAs.uid, runAs.gid);
  }
  const args = ["-D", made, "-U", user, `--pwfile=${passwordFile}`, "--auth=scram-sha-256", "--encoding=UTF8"];
  try {
    await run(join(folder, "initdb"), [...args, "--no-locale", ...(durable ? [] : ["--no-sync"])], {
      ...runAs,
      env,
      cwd: home,
      timeout: INITDB_TIMEOUT_MS,
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await chmod(made, 0o700);
  await rename(made, join(home, "data"));
}

async function choosePrograms(data: string, path: string): Promise<{ folder: string; version: string }> {
  const needed = await readVersion(data);
  const folders = findPostgresFolders(path);
  if (folders.length === 0) throw new Error("no Postgres programs found (Debian: apt-get install postgresql)");
  for (const folder of folders) {
    const { stdout } = await run(join(folder, "postgres"), ["--version"], { timeout: 5_000 });
    const version = /\d+(\.\d+)?/.exec(stdout)?.[0] ?? "";
    if (needed === undefined || version.split(".")[0] === needed) return { folder, version };
  }
  throw new Error(`${data} was made by Postgres ${needed}, whose programs are not on this machine`);
}

async function readVersion(data: string): Promise<string | undefined> {
  try {
    return (await readFile(join(data, "PG_VERSION"), "utf8")).trim();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function createDatabaseIfMissing(adminUrl: string, name: string): Promise<void> {
  if (name === "postgres") return;
  const { rows } = await runSql(adminUrl, "select datname from pg_database");
  if (rows.some((row) => row.datname === name)) return;
  await runSql(adminUrl, `create database "${name.replaceAll('"', '""')}"`);
}
