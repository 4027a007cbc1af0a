import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { startPostgresInDocker, startRabbitmqInDocker, startRedisInDocker } from "./docker-servers.ts";
import { type PostgresOptions, startPostgres } from "./postgres-server.ts";
import { startRabbitmq } from "./rabbitmq-server.ts";
import { startRedis } from "./redis-server.ts";
import type { RunFolder } from "./run-folder.ts";
import { openRunFolder } from "./run-folder.ts";
import type { ServerByKind, ServerKind } from "./running-server.ts";
import { readTestServersConfig, type TestServersConfig } from "./test-servers-config.ts";

/** What a suite may ask of a server of its own. */
export type OwnServerOptions = Omit<PostgresOptions, "dataDir">;

type StartFunction<K extends ServerKind> = (options: PostgresOptions) => Promise<ServerByKind[K]>;

const FROM_PROGRAMS: { readonly [K in ServerKind]: StartFunction<K> } = {
  postgres: startPostgres,
  redis: startRedis,
  rabbitmq: startRabbitmq,
};
const IN_DOCKER: { readonly [K in ServerKind]: StartFunction<K> } = {
  postgres: startPostgresInDocker,
  redis: startRedisInDocker,
  rabbitmq: startRabbitmqInDocker,
};

/** Starts a server of that kind, in Docker or from programs; Postgres from programs when TEST_POSTGRES names some. */
export function startServer<K extends ServerKind>(
  kind: K,
  { from, ...options }: PostgresOptions & { readonly from: "docker" | "programs" },
): Promise<ServerByKind[K]> {
  const isByName = kind === "postgres" && readTestServersConfig().postgresPrograms === "embedded";
  const start: StartFunction<K> = from === "docker" && !isByName ? IN_DOCKER[kind] : FROM_PROGRAMS[kind];
  return start(options);
}

/** Servers of one suite's own: it may stop, block and flush them. */
export type OwnServers<K extends ServerKind> = {
  start(options?: OwnServerOptions): Promise<ServerByKind[K]>;
  removeAll(): Promise<void>;
};

/** Starts servers in the run's folder, where the runner finds and ends what a killed suite leaves behind. */
export function ownServers<K extends ServerKind>(kind: K, config: TestServersConfig): OwnServers<K> {
  const started: ServerByKind[K][] = [];
  let folder: RunFolder | undefined;
  return {
    start: async (options = {}) => {
      if (config.runDir === undefined) folder ??= await openRunFolder(config.runsRoot);
      const parent = config.runDir ?? folder?.path ?? config.runsRoot;
      const dataDir = join(parent, "own", `${kind}-${randomBytes(4).toString("hex")}`);
      const server = await startServer(kind, { durable: false, ...options, dataDir, from: config.ownServersIn });
      started.push(server);
      return server;
    },
    removeAll: async () => {
      await Promise.all(started.splice(0).map((server) => server.remove()));
      await folder?.remove();
      folder = undefined;
    },
  };
}
