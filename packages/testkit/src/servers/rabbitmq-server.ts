import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { hasCode } from "@sms-gateway/embedded-postgres";
import { findFreePort } from "./free-port.ts";
import type { RabbitmqServer, ServerOptions } from "./running-server.ts";
import { findRabbitmqPrograms } from "./server-programs.ts";
import { askRabbitmq } from "./server-readiness.ts";
import { superviseServer } from "./supervise-server.ts";
import { readTestServersConfig } from "./test-servers-config.ts";

export type RabbitmqOptions = ServerOptions & {
  /** Port for the management plugin, whose start takes seconds more; off when not given. */
  readonly managementPort?: number;
};

type Node = { readonly name: string; readonly port: number; readonly user: string; readonly password: string };

/** 3 to 8 s on an idle machine; several nodes may start at once on two cores. */
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;
const CTL_TIMEOUT_MS = 60_000;
const run = promisify(execFile);

/**
 * Starts a RabbitMQ node of its own on 127.0.0.1, apart from any other on this machine: own folders, own cookie, own
 * name, and its own port mapper (epmd) on a private port, which ends with it. The system's epmd is neither needed nor
 * left behind.
 */
export async function startRabbitmq(options: RabbitmqOptions): Promise<RabbitmqServer> {
  const { user = "guest", password = "guest" } = options;
  const dataDir = resolve(options.dataDir);
  const { path } = readTestServersConfig();
  const programs = findRabbitmqPrograms(path);
  if (programs === undefined)
    throw new Error("no rabbitmq-server, rabbitmqctl and epmd found (Debian: rabbitmq-server)");
  await mkdir(join(dataDir, "home"), { recursive: true, mode: 0o700 });
  const port = options.port ?? (await findFreePort());
  const node: Node = { name: await keepNodeName(dataDir, port), port, user, password };
  await writeSettings(dataDir, node, options.managementPort);
  const epmdPort = await findFreePort();
  const env = nodeEnvironment(dataDir, { name: node.name, epmdPort, distPort: await findFreePort(), path });
  const urlOf = (vhost: string) =>
    `amqp://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(vhost)}`;
  const controls = superviseServer({
    name: `RabbitMQ on port ${port}`,
    dataDir,
    port,
    processes: [
      { program: programs.epmd, args: ["-port", `${epmdPort}`, "-address", "127.0.0.1"], env, cwd: dataDir },
      { program: programs.server, args: [], env, cwd: dataDir },
    ],
    isReady: () => askRabbitmq(urlOf("/")),
    stopSignal: "SIGTERM",
    startTimeoutMs: START_TIMEOUT_MS,
    stopTimeoutMs: STOP_TIMEOUT_MS,
  });
  await controls.start();
  const rabbitmqctl = (...args: string[]) => runRabbitmqctl(programs.ctl, args, { env, cwd: dataDir });
  const version = (await rabbitmqctl("version")).trim();
  return {
    ...controls,
    url: urlOf("/"),
    port,
    dataDir,
    description: `RabbitMQ ${version} programs`,
    rabbitmqctl,
    saveQueueRegistry: () => saveQueueRegistry(rabbitmqctl),
    createVhost: (name) => createVhost({ rabbitmqctl, urlOf, user }, name),
  };
}

/** See `RabbitmqServer`. The registry is one of Erlang's disk tables (dets), which are synced one and all. */
export async function saveQueueRegistry(rabbitmqctl: RabbitmqServer["rabbitmqctl"]): Promise<void> {
  await rabbitmqctl("eval", "[ok = dets:sync(Table) || Table <- dets:all()].");
}

/** A virtual host made through `rabbitmqctl`, for servers that we started. */
export async function createVhost(
  server: { rabbitmqctl: RabbitmqServer["rabbitmqctl"]; urlOf: (vhost: string) => string; user: string },
  name = `test-${randomBytes(6).toString("hex")}`,
): ReturnType<RabbitmqServer["createVhost"]> {
  await server.rabbitmqctl("add_vhost", name);
  await server.rabbitmqctl("set_permissions", "-p", name, server.user, ".*", ".*", ".*");
  return {
    url: server.urlOf(name),
    drop: async () => {
      await server.rabbitmqctl("delete_vhost", name);
    },
  };
}

/** Runs a program that is or wraps `rabbitmqctl`; a failure tells what it printed. */
export async function runRabbitmqctl(
  program: string,
  args: readonly string[],
  { env, cwd }: { env?: Record<string, string>; cwd: string },
): Promise<string> {
  try {
    const { stdout } = await run(program, [...args], { ...(env && { env }), cwd, timeout: CTL_TIMEOUT_MS });
    return stdout;
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new Error(`${[basename(program), ...args].join(" ")} failed: ${output}`, { cause: error });
  }
}

/** The node's name is written into its data, so a later start on another port must keep the first one. */
async function keepNodeName(dataDir: string, port: number): Promise<string> {
  const path = join(dataDir, "node-name");
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  const name = `sms-${port}@localhost`;
  await writeFile(path, `${name}\n`);
  return name;
}

async function writeSettings(dataDir: string, node: Node, managementPort: number | undefined): Promise<void> {
  const settings = {
    "listeners.tcp.1": `127.0.0.1:${node.port}`,
    default_user: node.user,
    default_pass: node.password,
    // To our own log file, whose tail is shown when the start fails.
    "log.file": "false",
    "log.console": "true",
    ...(managementPort === undefined
      ? {}
      : { "management.tcp.ip": "127.0.0.1", "management.tcp.port": `${managementPort}` }),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  await writeFile(join(dataDir, "rabbitmq.conf"), lines.join(""), { mode: 0o600 });
  await writeFile(
    join(dataDir, "enabled_plugins"),
    managementPort === undefined ? "[].\n" : "[rabbitmq_management].\n",
  );
}

/** Everything that RabbitMQ would else take from the system's own installation in /etc, /var and the user's home. */
function nodeEnvironment(
  dataDir: string,
  { name, epmdPort, distPort, path }: { name: string; epmdPort: number; distPort: number; path: string },
): Record<string, string> {
  return {
    PATH: path,
    LC_ALL: "C.UTF-8",
    // Holds the Erlang cookie.
    HOME: join(dataDir, "home"),
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
    RABBITMQ_CONFIG_FILE: join(dataDir, "rabbitmq.conf"),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(dataDir, "advanced.config"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dataDir, "enabled_plugins"),
    RABBITMQ_MNESIA_BASE: join(dataDir, "mnesia"),
    RABBITMQ_LOG_BASE: join(dataDir, "log"),
    RABBITMQ_NODENAME: name,
    RABBITMQ_DIST_PORT: `${distPort}`,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    // Makes the start script become the server instead of waiting beside it, so that pid and signals are the server's.
    RUNNING_UNDER_SYSTEMD: "true",
    // Where rabbitmqctl listens while it talks to the node; its default are eleven ports for all of the machine.
    RABBITMQ_CTL_DIST_PORT_MIN: "20000",
    RABBITMQ_CTL_DIST_PORT_MAX: "31999",
    ERL_EPMD_PORT: `${epmdPort}`,
    ERL_EPMD_ADDRESS: "127.0.0.1",
    ERL_CRASH_DUMP: join(dataDir, "erl_crash.dump"),
  };
}
