/**
 * `make dev`: carrier lab, worker and gateway from sources, in the foreground, each restarted when its code changes,
 * with servers of their own on private ports and data under `.data/dev/`. Ctrl-C ends everything; the data stays.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { hasServerPrograms, type RunningServer, readTestServersConfig, startServer } from "@sms-gateway/testkit";
import { dockerAnswers } from "./operate/docker.ts";
import { generateSecrets, readEnvFile, settingOf } from "./operate/env-file.ts";
import { installServerPrograms } from "./test-install.ts";

const ROOT = resolve(import.meta.dirname, "..");
const DATABASE_URL_FILE = resolve(ROOT, ".data/dev/database-url");
const KINDS = ["postgres", "redis", "rabbitmq"] as const;
const SERVICES = ["carrier-lab", "worker", "gateway"] as const;
/** Longer than the worker's own deadline for a graceful stop. */
const STOP_WITHIN_MS = 20_000;

const servers: RunningServer[] = [];
const children: ChildProcess[] = [];

const { path } = readTestServersConfig();
const from = KINDS.every((kind) => hasServerPrograms(kind, path)) || !dockerAnswers() ? "programs" : "docker";
const missing = KINDS.filter((kind) => from === "programs" && !hasServerPrograms(kind, path));
if (missing.length > 0) await installServerPrograms(missing);
await generateSecrets(ROOT, { serverPasswords: false });

const stopped = new Promise<void>((stop) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop());
});
try {
  const [postgres, redis, rabbitmq] = await Promise.all(KINDS.map(startKept));
  const urls = { DATABASE_URL: postgres?.url ?? "", REDIS_URL: redis?.url ?? "", RABBITMQ_URL: rabbitmq?.url ?? "" };
  // For `make admin`, which has no other way to know it.
  writeFileSync(DATABASE_URL_FILE, `${urls.DATABASE_URL}\n`, { mode: 0o600 });
  for (const service of SERVICES) startService(service, urls);
  console.log(`
Starting from sources; ready when the gateway says service.started. Ctrl-C ends everything.
  Gateway      http://localhost:${settingOf(ROOT, "GATEWAY_PORT", "8001")}      Worker  http://localhost:${settingOf(ROOT, "WORKER_PORT", "9000")}      Carrier lab  http://localhost:${settingOf(ROOT, "LAB_PORT", "9100")}
  Try in another terminal: npx tsx send_sms.ts
`);
  await stopped;
} finally {
  await Promise.all(children.map(stopChild));
  rmSync(DATABASE_URL_FILE, { force: true });
  await Promise.all(servers.map((server) => server.stop()));
}

async function startKept(kind: (typeof KINDS)[number]): Promise<RunningServer> {
  const server = await startServer(kind, { dataDir: resolve(ROOT, ".data/dev", kind), from, durable: true });
  servers.push(server);
  console.log(`dev: ${kind}: ${server.description}, on 127.0.0.1:${server.port}`);
  return server;
}

function startService(service: (typeof SERVICES)[number], urls: Record<string, string>): void {
  const args = ["watch", "--clear-screen=false", "--conditions=@sms-gateway/source", `services/${service}/src/main.ts`];
  const child = spawn(resolve(ROOT, "node_modules/.bin/tsx"), args, {
    cwd: ROOT,
    env: { ...readEnvFile(ROOT), ...process.env, ...urls },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: Ctrl-C reaches only this script, which then stops them in order.
    detached: true,
  });
  children.push(child);
  for (const stream of [child.stdout, child.stderr]) print(service, stream);
}

function print(service: string, stream: Readable): void {
  createInterface({ input: stream }).on("line", (line) => console.log(`${service.padEnd(11)} | ${line}`));
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const exited = once(child, "exit");
  // To tsx alone, which hands it on: a service that gets it twice ends at once.
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, "SIGKILL"), STOP_WITHIN_MS);
  await exited;
  clearTimeout(timer);
}
