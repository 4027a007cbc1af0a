import { appendFile, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  hasServerPrograms,
  type PostgresServer,
  readTestServersConfig,
  startPostgres,
  startRedis,
} from "../src/index.ts";

const { path } = readTestServersConfig();
const newDataDir = () => mkdtemp(join(tmpdir(), "sms-gateway-failing-"));

describe.runIf(hasServerPrograms("postgres", path))("a start from programs that fails", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ dataDir: await newDataDir(), durable: false });
  });
  afterAll(() => server.remove());

  test("says so when somebody else answers on the port", async () => {
    const second = startPostgres({ dataDir: await newDataDir(), port: server.port, durable: false });
    await expect(second).rejects.toThrow(`Postgres on port ${server.port} cannot start: the port is in use`);
  });

  test("shows the end of the server's log", async () => {
    await server.stop();
    await appendFile(join(server.dataDir, "data", "postgresql.conf"), "no_such_setting = 1\n");
    await expect(server.start()).rejects.toThrow(/ended by itself with exit code 1[\s\S]*"no_such_setting"/);
  });
});

describe.runIf(hasServerPrograms("redis", path))("a second start on a folder in use", () => {
  test("is refused with the pids of server and starter", async () => {
    const server = await startRedis({ dataDir: await newDataDir() });
    await expect(startRedis({ dataDir: server.dataDir })).rejects.toThrow(
      new RegExp(`running on ${server.dataDir} already \\(pid \\d+, started by ${process.pid}\\)`),
    );
    await server.remove();
  });
});
