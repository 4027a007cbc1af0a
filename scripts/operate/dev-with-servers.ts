import { rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { hasServerPrograms, type RunningServer, readTestServersConfig, startServer } from "@sms-gateway/testkit";
import { installServerPrograms } from "../test-install.ts";
import { writeTryCommand } from "./announce.ts";
import { type SourceProcess, startFromSources, untilStopped } from "./dev-process.ts";
import { dockerAnswers } from "./docker.ts";
import { generateSecrets, readEnvFile, settingOf } from "./env-file.ts";
import { shellEnvironment } from "./shell-config.ts";

const KINDS = ["postgres", "redis", "rabbitmq"] as const;
const SERVICES = ["carrier-lab", "worker", "gateway"] as const;

/**
 * Gateway, worker and carrier lab as processes of their own, from sources until Ctrl-C, with a RabbitMQ, a Redis and a
 * Postgres of their own on private ports and data under `.data/dev/`.
 */
export async function devWithServers(root: string, why: string): Promise<number> {
  console.log(`From sources, with servers of their own, since ${why}.`);
  const databaseUrlFile = resolve(root, ".data/dev/database-url");
  const { path } = readTestServersConfig();
  const from = KINDS.every((kind) => hasServerPrograms(kind, path)) || !dockerAnswers() ? "programs" : "docker";
  const missing = KINDS.filter((kind) => from === "programs" && !hasServerPrograms(kind, path));
  if (missing.length > 0) await installServerPrograms(missing);
  generateSecrets(root, { serverPasswords: false });

  const servers: RunningServer[] = [];
  const children: SourceProcess[] = [];
  const stopped = untilStopped();
  async function startKept(kind: (typeof KINDS)[number]): Promise<RunningServer> {
    const server = await startServer(kind, { dataDir: resolve(root, ".data/dev", kind), from, durable: true });
    servers.push(server);
    console.log(`dev: ${kind}: ${server.description}, on 127.0.0.1:${server.port}`);
    return server;
  }
  try {
    const [postgres, redis, rabbitmq] = await Promise.all(KINDS.map(startKept));
    const urls = { DATABASE_URL: postgres?.url ?? "", REDIS_URL: redis?.url ?? "", RABBITMQ_URL: rabbitmq?.url ?? "" };
    // For `make admin`, which has no other way to know it.
    writeFileSync(databaseUrlFile, `${urls.DATABASE_URL}\n`, { mode: 0o600 });
    const environment = { ...readEnvFile(root), ...shellEnvironment(), ...urls };
    for (const service of SERVICES) children.push(startFromSources(root, service, environment));
    console.log(`
Ready when the gateway says service.started. Ctrl-C ends everything.
  Gateway      http://localhost:${settingOf(root, "GATEWAY_PORT", "8001")}      Worker  http://localhost:${settingOf(root, "WORKER_PORT", "9000")}      Carrier lab  http://localhost:${settingOf(root, "LAB_PORT", "9100")}
  Try in another terminal: ${writeTryCommand(environment)}
`);
    await stopped;
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(databaseUrlFile, { force: true });
    await Promise.all(servers.map((server) => server.stop()));
  }
  return 0;
}
