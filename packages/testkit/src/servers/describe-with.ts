import { afterAll, describe, test } from "vitest";
import { type OwnServers, ownServers } from "./own-servers.ts";
import type { ServerKind } from "./running-server.ts";
import { hasServerPrograms } from "./server-programs.ts";
import { readTestServersConfig, type TestServersConfig } from "./test-servers-config.ts";

const URL_OF = { postgres: "databaseUrl", redis: "redisUrl", rabbitmq: "rabbitmqUrl" } as const;
const VARIABLE_OF = {
  postgres: "TEST_DATABASE_URL",
  redis: "TEST_REDIS_URL",
  rabbitmq: "TEST_RABBITMQ_URL",
} as const;

/**
 * A suite against the run's server of that kind, which other suites use at the same time: work in a database, key
 * prefix or name prefix of your own, and never stop, block or flush it. Without such a server the suite is skipped
 * loudly, or fails with CI=true.
 */
export function describeWith(kind: ServerKind, name: string, suite: (url: string) => void): void {
  const config = readTestServersConfig();
  const url = config[URL_OF[kind]];
  if (url === undefined) describeMissing(name, `no ${VARIABLE_OF[kind]}`, config);
  else describe(name, () => suite(url));
}

/**
 * A suite that stops, blocks or flushes servers of that kind: it starts its own, and they are removed after it.
 * Skipped loudly, or fails with CI=true, where none can be started.
 */
export function describeWithOwn<K extends ServerKind>(
  kind: K,
  name: string,
  suite: (start: OwnServers<K>["start"]) => void,
): void {
  const config = readTestServersConfig();
  if (config.ownServersIn === "programs" && !hasServerPrograms(kind, config.path)) {
    describeMissing(name, `no programs to start ${kind}`, config);
    return;
  }
  describe(name, () => {
    const servers = ownServers(kind, config);
    afterAll(() => servers.removeAll(), 60_000);
    suite(servers.start);
  });
}

function describeMissing(name: string, reason: string, { missingServerFails }: TestServersConfig): void {
  if (missingServerFails) {
    describe(name, () => {
      test("has the server it needs", () => {
        throw new Error(`${reason}, and CI=true allows no suite to be skipped: run \`make test\``);
      });
    });
    return;
  }
  process.stderr.write(`SKIPPED: ${name}: ${reason}; \`make test\` starts the servers\n`);
  describe.runIf(false)(name, () => {
    test(`needs a server: ${reason}`, () => undefined);
  });
}
