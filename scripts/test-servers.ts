import { join } from "node:path";
import {
  doesDockerAnswer,
  fetchServerImages,
  hasServerPrograms,
  type RunningServer,
  type ServerKind,
  startServer,
  type TestServersConfig,
} from "@sms-gateway/testkit";
import { installServerPrograms } from "./test-install.ts";

const KINDS = ["postgres", "redis", "rabbitmq"] as const satisfies readonly ServerKind[];
const VARIABLE_OF = { postgres: "TEST_DATABASE_URL", redis: "TEST_REDIS_URL", rabbitmq: "TEST_RABBITMQ_URL" } as const;
const NAMED_URL_OF = { postgres: "databaseUrl", redis: "redisUrl", rabbitmq: "rabbitmqUrl" } as const;
/** So that every suite on Redis also logs in, as in production. No secret: the server listens on 127.0.0.1 only. */
const REDIS_PASSWORD = "test-redis";

/** The variables for the tests' environment; a kind of server that is not there has none. */
export type TestEnvironment = Record<string, string>;

/**
 * Finds a server of each kind: the one that the environment names; else one started in Docker, where an engine
 * answers and has the images; else one started from programs, which are installed where that can be done. Says what it took.
 * @throws Error when one is missing and CI=true, or when one does not start
 */
export async function provideServers(config: TestServersConfig, runDir: string): Promise<TestEnvironment> {
  const from = await chooseSource();
  const environment: TestEnvironment = { TEST_RUN_DIR: runDir, TEST_SERVERS_IN: from };
  const missing = KINDS.filter((kind) => from === "programs" && !hasServerPrograms(kind, config.path));
  if (missing.length > 0) await installServerPrograms(missing);
  // All are awaited even if one fails, so that none is still starting when the run is cleaned up.
  const results = await Promise.allSettled(
    KINDS.map(async (kind) => {
      const url = config[NAMED_URL_OF[kind]] ?? (await startShared(kind, { config, runDir, from }));
      if (url !== undefined) environment[VARIABLE_OF[kind]] = url;
      if (config[NAMED_URL_OF[kind]] !== undefined) say(`${kind}: the server named by ${VARIABLE_OF[kind]}`);
    }),
  );
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("\n"));
  return environment;
}

/** One choice for all kinds, and for the servers that suites start themselves. */
async function chooseSource(): Promise<"docker" | "programs"> {
  if (!(await doesDockerAnswer())) return "programs";
  try {
    await fetchServerImages();
    return "docker";
  } catch (error) {
    say(`a Docker Engine answers, but has no images of the servers: using programs instead (${String(error)})`);
    return "programs";
  }
}

async function startShared(
  kind: ServerKind,
  { config, runDir, from }: { config: TestServersConfig; runDir: string; from: "docker" | "programs" },
): Promise<string | undefined> {
  if (from === "programs" && !hasServerPrograms(kind, config.path)) {
    const variable = VARIABLE_OF[kind];
    if (config.missingServerFails) throw new Error(`no ${kind}: set ${variable}, or install its programs (CI=true)`);
    say(`SKIPPED: all suites that need ${kind}: no ${variable}, no Docker Engine, no programs on this machine`);
    return undefined;
  }
  const startedAt = performance.now();
  const server: RunningServer = await startServer(kind, {
    dataDir: join(runDir, kind),
    from,
    durable: false,
    ...(kind === "redis" ? { password: REDIS_PASSWORD } : {}),
  });
  const tookS = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`${kind}: ${server.description}, on 127.0.0.1:${server.port}, started in ${tookS} s`);
  return server.url;
}

/** One line of the runner's own. */
export function say(line: string): void {
  console.log(`test: ${line}`);
}
