import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { identifySelf } from "@sms-gateway/embedded-postgres";
import { waitFor } from "../wait-for.ts";
import { findFreePort } from "./free-port.ts";
import type { PostgresOptions } from "./postgres-server.ts";
import { createVhost, runRabbitmqctl, saveQueueRegistry } from "./rabbitmq-server.ts";
import type { PostgresServer, RabbitmqServer, RedisServer, ServerControls, ServerOptions } from "./running-server.ts";
import { askPostgres, askRabbitmq, askRedis } from "./server-readiness.ts";
import { endStaleServer, removeServer, writeRecord } from "./server-record.ts";

/** The images of servers in tests: the versions that production is meant to run. */
const SERVER_IMAGES = {
  postgres: "postgres:18",
  redis: "redis:8",
  rabbitmq: "rabbitmq:4.1-management",
} as const;

const PULL_TIMEOUT_MS = 300_000;
const COMMAND_TIMEOUT_MS = 60_000;
const READY_TIMEOUT_MS = 120_000;
const STOP_GRACE_S = 20;
const PROBE_TIMEOUT_MS = 3_000;
const run = promisify(execFile);

type ContainerPlan = {
  readonly image: string;
  readonly container: string;
  readonly dataDir: string;
  readonly port: number;
  readonly innerPort: number;
  /** Options of `docker run` and, after the image, the server's own arguments. */
  readonly runOptions: readonly string[];
  readonly serverArgs: readonly string[];
  readonly isReady: () => Promise<void>;
};

/** Whether a Docker Engine answers within three seconds. */
export async function doesDockerAnswer(): Promise<boolean> {
  try {
    await run("docker", ["info", "--format", "{{.ServerVersion}}"], { timeout: PROBE_TIMEOUT_MS });
    return true;
  } catch {
    // No program, no daemon, no rights or no answer in time: all mean that servers must come from elsewhere.
    return false;
  }
}

/**
 * Sees to it that the images of all servers are on this machine, pulling those that are missing.
 * @throws Error that says why one cannot be had: an engine without a way to a registry answers, but is of no use
 */
export async function fetchServerImages(): Promise<void> {
  const fetched = await Promise.allSettled(
    Object.values(SERVER_IMAGES).map(async (image) => {
      const listed = await docker(["image", "ls", "--quiet", image]);
      if (listed.trim() === "") await docker(["pull", "--quiet", image], PULL_TIMEOUT_MS);
    }),
  );
  const failure = fetched.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

/** Postgres in a container on 127.0.0.1; its data goes with the container on `remove`. */
export async function startPostgresInDocker(options: PostgresOptions): Promise<PostgresServer> {
  const { user = "postgres", password = "postgres", database = "postgres", durable = true } = options;
  const port = options.port ?? (await findFreePort());
  const url = `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  const settings = ["max_connections=200", ...(durable ? [] : ["fsync=off", "full_page_writes=off"])];
  return startContainer(url, {
    image: SERVER_IMAGES.postgres,
    container: newContainerName(port),
    dataDir: resolve(options.dataDir),
    port,
    innerPort: 5432,
    runOptions: environment({ POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: database }),
    serverArgs: settings.flatMap((setting) => ["-c", setting]),
    isReady: () => askPostgres(url),
  });
}

/** Redis in a container on 127.0.0.1, set as `startRedis` sets it. */
export async function startRedisInDocker(options: Omit<ServerOptions, "user">): Promise<RedisServer> {
  const { password, durable = true } = options;
  const port = options.port ?? (await findFreePort());
  const url = `redis://${password === undefined ? "" : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`;
  return startContainer(url, {
    image: SERVER_IMAGES.redis,
    container: newContainerName(port),
    dataDir: resolve(options.dataDir),
    port,
    innerPort: 6379,
    runOptions: [],
    serverArgs: [
      ...["redis-server", "--save", "", "--appendonly", durable ? "yes" : "no", "--maxmemory-policy", "noeviction"],
      ...(password === undefined ? [] : ["--requirepass", password]),
    ],
    isReady: () => askRedis(url),
  });
}

/** RabbitMQ in a container on 127.0.0.1. Its host name is fixed, because the node's data is named after it. */
export async function startRabbitmqInDocker(options: ServerOptions): Promise<RabbitmqServer> {
  const { user = "guest", password = "guest" } = options;
  const port = options.port ?? (await findFreePort());
  const urlOf = (vhost: string) =>
    `amqp://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(vhost)}`;
  const dataDir = resolve(options.dataDir);
  const container = newContainerName(port);
  const server = await startContainer(urlOf("/"), {
    image: SERVER_IMAGES.rabbitmq,
    container,
    dataDir,
    port,
    innerPort: 5672,
    runOptions: ["--hostname", "sms", ...environment({ RABBITMQ_DEFAULT_USER: user, RABBITMQ_DEFAULT_PASS: password })],
    serverArgs: [],
    isReady: () => askRabbitmq(urlOf("/")),
  });
  const rabbitmqctl = (...args: string[]) =>
    runRabbitmqctl("docker", ["exec", container, "rabbitmqctl", ...args], { cwd: dataDir });
  return {
    ...server,
    rabbitmqctl,
    saveQueueRegistry: () => saveQueueRegistry(rabbitmqctl),
    createVhost: (name) => createVhost({ rabbitmqctl, urlOf, user }, name),
  };
}

async function startContainer(url: string, plan: ContainerPlan): Promise<PostgresServer> {
  await mkdir(plan.dataDir, { recursive: true });
  await endStaleServer(plan.dataDir, "SIGTERM");
  const { container } = plan;
  await writeRecord(plan.dataDir, { owner: await identifySelf(), processes: [], container });
  const published = `127.0.0.1:${plan.port}:${plan.innerPort}`;
  const runArgs = ["run", "--detach", "--name", container, "--publish", published, ...plan.runOptions];
  try {
    await docker([...runArgs, plan.image, ...plan.serverArgs], PULL_TIMEOUT_MS);
    await untilReady(plan);
  } catch (error) {
    await removeServer(plan.dataDir);
    throw error;
  }
  const { port, dataDir, image } = plan;
  return { ...containerControls(plan), url, port, dataDir, description: `${image} in Docker` };
}

function containerControls(plan: ContainerPlan): ServerControls {
  const { container } = plan;
  const start = async () => {
    await docker(["start", container]);
    await untilReady(plan);
  };
  const stop = async () => {
    await docker(["stop", "--time", `${STOP_GRACE_S}`, container]);
  };
  return {
    start,
    stop,
    kill: async () => {
      await docker(["kill", container]);
      await docker(["wait", container]);
    },
    pause: async () => {
      await docker(["pause", container]);
    },
    resume: async () => {
      await docker(["unpause", container]);
    },
    restart: async () => {
      await stop();
      await start();
    },
    remove: () => removeServer(plan.dataDir),
  };
}

async function untilReady({ container, image, isReady }: ContainerPlan): Promise<void> {
  try {
    await waitFor(() => isReady().then(() => true), {
      timeoutMs: READY_TIMEOUT_MS,
      intervalMs: 100,
      what: `${image} in Docker to answer`,
    });
  } catch (error) {
    const { stdout, stderr } = await run("docker", ["logs", "--tail", "30", container], {
      timeout: COMMAND_TIMEOUT_MS,
    });
    throw new Error(`${image} in Docker did not start; its log ends:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Random, because a failed start removes the container of its name, which must not be somebody else's. */
function newContainerName(port: number): string {
  return `sms-gateway-test-${port}-${randomBytes(4).toString("hex")}`;
}

function environment(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
}

async function docker(args: readonly string[], timeoutMs = COMMAND_TIMEOUT_MS): Promise<string> {
  try {
    return (await run("docker", [...args], { timeout: timeoutMs })).stdout;
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new Error(`docker ${args[0]} failed: ${output}`, { cause: error });
  }
}
