import { chown, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { findEmbeddedPrograms } from "../src/embedded-programs.ts";
import { findRunningPostgres } from "../src/index.ts";
import { readCommand } from "../src/process-table.ts";
import { chooseServerUser } from "../src/server-user.ts";
import {
  expectGone,
  type OpenedServer,
  openWorld,
  type PostgresWorld,
  processesOf,
  readText,
  runSql,
  spawnElsewhere,
} from "./postgres-world.ts";

let world: PostgresWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.remove());

describe("the first start", () => {
  let server: OpenedServer;
  beforeAll(async () => {
    const dataDir = world.newDataDir();
    await mkdir(join(dataDir, "cluster.new-0", "base"), { recursive: true });
    server = await world.open(dataDir);
  });

  test("makes a database in UTF-8 with page checksums, whose user is no superuser", async () => {
    expect(server).toMatchObject({ version: expect.stringMatching(/^18\./), isAdopted: false, events: [] });
    const [facts] = await runSql(
      server.url,
      `select current_database(), current_user, usesuper, pg_encoding_to_char(encoding) as encoding, datcollate,
        current_setting('data_checksums') as checksums, current_setting('timezone') as zone
      from pg_user, pg_database where usename = current_user and datname = current_database()`,
    );
    expect(facts).toEqual({
      ...{ current_database: "sms", current_user: "sms", usesuper: false },
      ...{ encoding: "UTF8", datcollate: "C", checksums: "on", zone: "UTC" },
    });
    await runSql(server.url, "create table notes (id serial)");
  });

  test("sets everything that a commit needs to outlast a power loss", async () => {
    const rows = await runSql(
      server.url,
      "select name from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'on'",
    );
    expect(rows).toHaveLength(3);
  });

  test("listens on 127.0.0.1 alone, below the ports of outgoing connections, and asks for the password", async () => {
    const [postmaster] = await processesOf(server.dataDir);
    expect(await readCommand(postmaster.pid)).toContain("-c listen_addresses=127.0.0.1 ");
    expect(await readCommand(postmaster.pid)).toContain("-c unix_socket_directories= ");
    expect(server.port).toBeLessThan(32_000);
    await expect(runSql(server.url.replace(/sms:[^@]+/, "sms:wrong"), "select 1")).rejects.toThrow(/password/);
  });

  test("keeps the password to its user and leaves no half-made cluster", async () => {
    const { mode } = await stat(join(server.dataDir, "password"));
    expect(mode & 0o777).toBe(0o600);
    expect((await readdir(server.dataDir)).filter((name) => name.startsWith("cluster"))).toEqual(["cluster"]);
  });

  test("writes its log into a folder that it keeps small, without the text of failed statements", async () => {
    await expect(runSql(server.url, "select 'secret +15005550006' from nowhere")).rejects.toThrow(/nowhere/);
    const logs = join(server.dataDir, "logs");
    await vi.waitFor(async () => {
      const texts = await Promise.all((await readdir(logs)).map((name) => readText(logs, name)));
      expect(texts.join("\n")).toContain('relation "nowhere" does not exist');
      expect(texts.join("\n")).not.toContain("secret");
    });
  });

  test("refuses a second owner of the folder with the pid of the first", async () => {
    await expect(world.open(server.dataDir)).rejects.toThrow(
      `${server.dataDir} is in use by process ${process.pid}: stop that one first`,
    );
    expect(await runSql(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
  });
});

test("a first start that is killed leaves nothing that the next one takes for a cluster", async () => {
  const dataDir = world.newDataDir();
  const killed = spawnElsewhere(dataDir);
  await vi.waitFor(async () => expect((await readdir(dataDir)).join()).toContain("cluster.new-"), {
    timeout: 20_000,
    interval: 5,
  });
  await killed.kill();
  expect(await readdir(dataDir)).not.toContain("cluster");
  const server = await world.open(dataDir);
  expect(await runSql(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("a restart keeps data, password and port, and stop leaves no process", async () => {
  const first = await world.open();
  await runSql(first.url, "create table notes as select 1 as id");
  expect(await findRunningPostgres(first.dataDir)).toBe(first.url);
  const processes = await processesOf(first.dataDir);
  await Promise.all([first.stop(), first.stop()]);
  await expectGone(processes);
  expect(await findRunningPostgres(first.dataDir)).toBeUndefined();
  const second = await world.open(first.dataDir);
  expect([second.url, second.isAdopted, second.events]).toEqual([first.url, false, []]);
  expect(await runSql(second.url, "select id from notes")).toEqual([{ id: 1 }]);
  await second.stop();

  const stranger = createServer().listen(first.port, "127.0.0.1");
  const third = await world.open(first.dataDir);
  stranger.close();
  expect(third.events).toEqual([{ event: "port_changed", from: first.port, to: third.port }]);
  expect(await runSql(third.url, "select id from notes")).toEqual([{ id: 1 }]);
  await third.stop();
  const fourth = await world.open(first.dataDir);
  expect([fourth.port, fourth.events]).toEqual([third.port, []]);
});

test("a cluster of another version is left alone", async () => {
  const dataDir = world.newDataDir();
  await mkdir(join(dataDir, "cluster"), { recursive: true });
  await writeFile(join(dataDir, "cluster", "PG_VERSION"), "15\n");
  await expect(world.open(dataDir)).rejects.toThrow(/cluster was made by Postgres 15, and the programs .* are 18/);
});

const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write("SKIPPED: Postgres below a folder of root's: not run by root\n");
test.runIf(isRoot)("a user without a name is told what to do", async () => {
  const dataDir = world.newDataDir();
  await mkdir(dataDir);
  await chown(dataDir, 54_321, 54_321);
  const through = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "--"];
  const refused = spawnElsewhere(dataDir, { through });
  await refused.ended;
  expect(refused.errors()).toMatch(
    /as the user with id 54321, who has no line in \/etc\/passwd. Three ways out: .*--user/,
  );
  expect((await readdir(dataDir)).filter((name) => name.startsWith("cluster"))).toEqual([]);
});

describe.runIf(isRoot)("root's Postgres below a folder that only root may enter", () => {
  test("runs as another user, which changes nothing outside its own folder", async () => {
    const closed = world.newDataDir();
    await mkdir(closed, { mode: 0o700 });
    const server = await world.open(join(closed, ".data", "postgres"));
    expect(await runSql(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
    const { uid, mode } = await stat(closed);
    expect([uid, mode & 0o777]).toEqual([0, 0o700]);
    const [postmaster] = await processesOf(server.dataDir);
    expect(await readText("/proc", `${postmaster.pid}`, "status")).not.toMatch(/^Uid:\s+0/m);
    await server.stop();
  });

  test("is given nothing where it can pass anyway", async () => {
    const dataDir = world.newDataDir();
    await mkdir(dataDir);
    const programs = findEmbeddedPrograms();
    if ("problem" in programs) throw new Error(programs.problem);
    expect(await chooseServerUser(programs.folder, join(dataDir, "cluster"))).not.toHaveProperty("capability");
  });
});
