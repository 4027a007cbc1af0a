import { expect, test } from "vitest";
import { readTestServersConfig } from "./test-servers-config.ts";

test("an empty environment names no server and asks for none", () => {
  const config = readTestServersConfig({ TEST_REDIS_URL: "" });
  expect(config.redisUrl).toBeUndefined();
  expect(config.databaseUrl).toBeUndefined();
  expect(config).toMatchObject({ missingServerFails: false, ownServersIn: "programs", postgresPrograms: "any" });
});

test("CI=true makes a missing server a failure", () => {
  expect(readTestServersConfig({ CI: "true" }).missingServerFails).toBe(true);
});

test("all bad variables are reported together by name", () => {
  const read = () =>
    readTestServersConfig({
      TEST_REDIS_URL: "http://x",
      TEST_DATABASE_URL: "nonsense",
      TEST_SERVERS_IN: "podman",
      TEST_POSTGRES: "18",
    });
  expect(read).toThrow(
    /TEST_REDIS_URL .*redis:[\s\S]*TEST_DATABASE_URL .*postgres:[\s\S]*TEST_SERVERS_IN[\s\S]*TEST_POSTGRES/,
  );
});
