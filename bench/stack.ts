import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { chmod } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { openEmbeddedPostgres } from "@sms-gateway/embedded-postgres";
import {
  findFreePort,
  inheritedEnvironment,
  openRunFolder,
  type RunFolder,
  type RunningServer,
  readTestServersConfig,
  startServer,
  waitFor,
} from "@sms-gateway/testkit";

/** The whole product on servers of its own, built code, durable settings as in production. */
export interface Stack {
  readonly gatewayUrl: string;
  readonly databaseUrl: string;
  /** Our own processes, the carrier lab aside. */
  readonly pids: readonly number[];
  /** Makes one more client, and gives its API key. */
  createClient(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** `docker`: gateway and worker apart, on RabbitMQ, Redis and Postgres. `standalone`: one process on embedded Postgres. */
export type Shape = "docker" | "standalone";

const ROOT = resolve(import.meta.dirname, "..");
const run = promisify(execFile);
const KINDS = ["postgres", "redis", "rabbitmq"] as const;

/** Starts one process of ours and keeps its output in a file. */
export async function startProcess(
  folder: string,
  script: string,
  args: { argv?: string[]; env?: Record<string, string> },
): Promise<ChildProcess> {
  const log = createWriteStream(join(folder, `${script.replaceAll("/", "-")}.log`));
  await once(log, "open");
  // Built code runs as in production; only the bench's own files are sources.
  const loader = script.endsWith(".ts") ? ["--import", "tsx", "--conditions=@sms-gateway/source"] : [];
  const child = spawn(process.execPath, [...loader, script, ...(args.argv ?? [])], {
    cwd: ROOT,
    env: { ...inheritedEnvironment(), ...args.env },
    stdio: ["ignore", log, log],
  });
  return child;
}

/** A folder for logs and data, removed at the end. */
export function openBenchFolder(): Promise<RunFolder> {
  return openRunFolder(join(ROOT, ".data", "bench"));
}

interface Servers {
  /** The settings that name them. */
  readonly env: Record<string, string>;
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

const SERVICES_OF: Readonly<Record<Shape, readonly string[]>> = {
  docker: ["carrier-lab", "worker", "gateway"],
  standalone: ["carrier-lab", "standalone"],
};

async function startServers(folder: RunFolder): Promise<Servers> {
  const { ownServersIn } = readTestServersConfig();
  const servers: RunningServer[] = await Promise.all(
    KINDS.map((kind) => startServer(kind, { dataDir: join(folder.path, kind), from: ownServersIn, durable: true })),
  );
  const [postgres = "", redis = "", rabbitmq = ""] = servers.map((server) => server.url);
  return {
    env: { DATABASE_URL: postgres, REDIS_URL: redis, RABBITMQ_URL: rabbitmq },
    databaseUrl: postgres,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** The embedded Postgres as the standalone process would start it, but with an address that the bench knows. */
async function startEmbedded(folder: RunFolder): Promise<Servers> {
  // Postgres does not run as root, and its user has to reach the folder.
  await chmod(folder.path, 0o755);
  const postgres = await openEmbeddedPostgres({ dataDir: join(folder.path, "embedded-postgres") });
  return { env: { DATABASE_URL: postgres.url }, databaseUrl: postgres.url, stop: () => postgres.stop() };
}

/** Starts servers, carrier lab and the services of the shape; ready when the gateway is. */
export async function startStack(folder: RunFolder, shape: Shape): Promise<Stack> {
  const servers = await (shape === "docker" ? startServers(folder) : startEmbedded(folder));
  const [gatewayPort, workerPort, labPort] = await Promise.all([findFreePort(), findFreePort(), findFreePort()]);
  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
  const env: Record<string, string> = {
    NODE_ENV: "production",

    LOG_LEVEL: "warn",
    ...servers.env,
    GATEWAY_PORT: String(gatewayPort),
    GATEWAY_HOST: "127.0.0.1",
    WORKER_PORT: String(workerPort),
    WORKER_HOST: "127.0.0.1",
    WORKER_URL: `http://127.0.0.1:${workerPort}`,
    PUBLIC_URL: `http://127.0.0.1:${workerPort}`,
    LAB_PORT: String(labPort),
    LAB_URL: `http://127.0.0.1:${labPort}`,
    LAB_INBOX_FILE: join(folder.path, "inbox.jsonl"),
    RATE_LIMIT_PER_SECOND: "0",
    RATE_LIMIT_PER_MINUTE: "0",
    RATE_LIMIT_PER_HOUR: "0",
    DEFAULT_DAILY_QUOTA: "0",
  };
  const services = SERVICES_OF[shape].map((name) => `services/${name}/dist/main.js`);
  const children = await Promise.all(services.map((script) => startProcess(folder.path, script, { env })));
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(endProcess));
    await servers.stop();
  };
  try {
    await waitFor(() => isReady(gatewayUrl, children), { timeoutMs: 60_000, what: "the gateway to be ready" });
  } catch (error) {
    await stop();
    throw error;
  }
  const pids = children.slice(1).flatMap(({ pid }) => pid ?? []);
  const createClient = (name: string) => createKeyedClient(servers.databaseUrl, gatewayUrl, name);
  return { gatewayUrl, databaseUrl: servers.databaseUrl, pids, createClient, stop };
}

/** By the admin CLI, as operators do; resolves when the gateway knows the key. */
async function createKeyedClient(databaseUrl: string, gatewayUrl: string, name: string): Promise<string> {
  const admin = async (...words: string[]): Promise<string> => {
    const env = { ...inheritedEnvironment(), DATABASE_URL: databaseUrl };
    const { stdout } = await run(process.execPath, ["services/worker/dist/admin.js", ...words], { cwd: ROOT, env });
    return stdout;
  };
  const id = find(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/, await admin("client", "create", name));
  const apiKey = find(/sk_test_[A-Za-z0-9_-]+/, await admin("key", "create", id));
  await waitFor(
    async () => {
      const headers = { "api-key": apiKey };
      return (await fetch(`${gatewayUrl}/api/v1/sms/send`, { method: "POST", headers })).status !== 401;
    },
    { timeoutMs: 5_000, intervalMs: 200, what: "the gateway to know the new key" },
  );
  return apiKey;
}

function find(pattern: RegExp, printed: string): string {
  const [found] = pattern.exec(printed) ?? [];
  if (found === undefined) throw new Error(`the admin CLI printed no ${pattern}: ${printed}`);
  return found;
}

/** Ends a process and waits for its end; after 20 s by force. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await exited;
  clearTimeout(timer);
}

async function isReady(url: string, children: readonly ChildProcess[]): Promise<boolean> {
  const dead = children.find((child) => child.exitCode !== null);
  if (dead !== undefined) throw new Error(`${dead.spawnargs.join(" ")} ended with ${dead.exitCode}; see .data/bench`);
  const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch((error: unknown) => error);
  return answer instanceof Response && answer.ok;
}
