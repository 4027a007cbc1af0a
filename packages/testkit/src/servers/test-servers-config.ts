import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the environment says about servers for tests. The only place of this package that reads it. */
export type TestServersConfig = {
  /** TEST_RABBITMQ_URL: a server that was not started by us and may be used all the same. Never stopped or flushed. */
  readonly rabbitmqUrl?: string;
  /** TEST_REDIS_URL, likewise. */
  readonly redisUrl?: string;
  /** TEST_DATABASE_URL, likewise: a user that may create databases. */
  readonly databaseUrl?: string;
  /** CI=true: a suite whose server is missing fails instead of being skipped. */
  readonly missingServerFails: boolean;
  /** TEST_SERVERS_IN: where suites that stop or block a server start their own. Default: from programs. */
  readonly ownServersIn: "docker" | "programs";
  /** TEST_POSTGRES=embedded: Postgres is started from the programs that come with this project's packages only. */
  readonly postgresPrograms: "any" | "embedded";
  /** TEST_RUN_DIR: folder of this run for the data of such servers. Without a runner: one below the system's. */
  readonly runDir?: string;
  /** Where run folders are made when there is no runner. */
  readonly runsRoot: string;
  /** PATH, for finding and running server programs. */
  readonly path: string;
};

/**
 * Reads and checks the environment.
 * @throws Error that lists every bad variable.
 */
export function readTestServersConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
): TestServersConfig {
  const problems: string[] = [];
  const readUrl = (name: string, ...protocols: string[]) => {
    const value = env[name];
    if (value === undefined || value === "") return undefined;
    const protocol = URL.canParse(value) ? new URL(value).protocol : undefined;
    if (protocol === undefined || !protocols.includes(protocol)) {
      problems.push(`${name} must be a URL that starts with ${protocols.map((p) => `${p}//`).join(" or ")}`);
    }
    return value;
  };
  const rabbitmqUrl = readUrl("TEST_RABBITMQ_URL", "amqp:", "amqps:");
  const redisUrl = readUrl("TEST_REDIS_URL", "redis:", "rediss:");
  const databaseUrl = readUrl("TEST_DATABASE_URL", "postgres:", "postgresql:");
  const ownServersIn = env.TEST_SERVERS_IN || "programs";
  if (ownServersIn !== "docker" && ownServersIn !== "programs") {
    problems.push(`TEST_SERVERS_IN must be docker or programs, not ${JSON.stringify(ownServersIn)}`);
  }
  const postgresPrograms = env.TEST_POSTGRES || "any";
  if (postgresPrograms !== "any" && postgresPrograms !== "embedded") {
    problems.push(`TEST_POSTGRES must be any or embedded, not ${JSON.stringify(postgresPrograms)}`);
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return {
    ...(rabbitmqUrl === undefined ? {} : { rabbitmqUrl }),
    ...(redisUrl === undefined ? {} : { redisUrl }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    missingServerFails: env.CI === "true",
    postgresPrograms: postgresPrograms === "embedded" ? "embedded" : "any",
    ownServersIn: ownServersIn === "docker" ? "docker" : "programs",
    ...(env.TEST_RUN_DIR ? { runDir: env.TEST_RUN_DIR } : {}),
    runsRoot: join(tmpdir(), `sms-gateway-test-${process.getuid?.() ?? 0}`),
    path: env.PATH ?? "/usr/local/bin:/usr/bin:/bin",
  };
}
