import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { findFreePort } from "./free-port.ts";
import type { RedisServer, ServerOptions } from "./running-server.ts";
import { findRedisProgram } from "./server-programs.ts";
import { askRedis } from "./server-readiness.ts";
import { superviseServer } from "./supervise-server.ts";
import { readTestServersConfig } from "./test-servers-config.ts";

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const run = promisify(execFile);

/**
 * Starts Redis or Valkey on 127.0.0.1, by default set as in production: nothing is ever evicted, and an append-only
 * file is synced every second. Without `durable` everything is in memory only and gone with a restart.
 */
export async function startRedis(options: Omit<ServerOptions, "user">): Promise<RedisServer> {
  const dataDir = resolve(options.dataDir);
  const { path } = readTestServersConfig();
  const program = findRedisProgram(path);
  if (program === undefined) throw new Error("no redis-server or valkey-server in PATH");
  await mkdir(dataDir, { recursive: true });
  const port = options.port ?? (await findFreePort());
  const settings = join(dataDir, "redis.conf");
  // A file, not arguments: everybody on the machine can read a process's arguments, and the password is in there.
  await writeFile(settings, settingsText(dataDir, port, options), { mode: 0o600 });
  const { password } = options;
  const url = `redis://${password === undefined ? "" : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`;
  const controls = superviseServer({
    name: `Redis on port ${port}`,
    dataDir,
    port,
    processes: [{ program, args: [settings], env: { PATH: path, HOME: dataDir, LC_ALL: "C" }, cwd: dataDir }],
    isReady: () => askRedis(url),
    stopSignal: "SIGTERM",
    startTimeoutMs: START_TIMEOUT_MS,
    stopTimeoutMs: STOP_TIMEOUT_MS,
  });
  await controls.start();
  const { stdout } = await run(program, ["--version"], { timeout: 5_000 });
  const version = /v=(\S+)/.exec(stdout)?.[1] ?? "";
  const name = program.endsWith("valkey-server") ? "Valkey" : "Redis";
  return { ...controls, url, port, dataDir, description: `${name} ${version} programs` };
}

function settingsText(dataDir: string, port: number, { durable = true, password }: ServerOptions): string {
  const settings = {
    bind: "127.0.0.1",
    port,
    dir: quote(dataDir),
    daemonize: "no",
    save: '""',
    appendonly: durable ? "yes" : "no",
    appendfsync: "everysec",
    "maxmemory-policy": "noeviction",
    ...(password === undefined ? {} : { requirepass: quote(password) }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");
}

function quote(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
