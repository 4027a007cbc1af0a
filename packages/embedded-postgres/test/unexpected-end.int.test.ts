import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { findPostmaster } from "../src/find-postmaster.ts";
import { findProcess, stillAlive } from "../src/process-table.ts";
import {
  connect,
  expectGone,
  openWorld,
  type PostgresWorld,
  processesOf,
  runSql,
  spawnElsewhere,
  untilEvent,
  WAIT,
} from "./postgres-world.ts";

let world: PostgresWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.remove());

test("a server whose owner was killed is adopted with its connections, but not while the owner lives", async () => {
  const dataDir = await world.newUsedDir();
  const owner = await world.openElsewhere(dataDir);
  await expect(world.open(dataDir)).rejects.toThrow(`is in use by process ${owner.pid}`);
  const [postmaster] = await processesOf(dataDir);
  const client = await connect(owner.url);
  await owner.kill();

  const server = await world.open(dataDir);
  expect([server.url, server.isAdopted]).toEqual([owner.url, true]);
  expect(server.events).toEqual([{ event: "adopted", pid: postmaster.pid }]);
  expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await client.end();

  // Nobody is its parent any more, and yet its end is noticed.
  process.kill(postmaster.pid, "SIGKILL");
  await untilEvent(server, "restarted");
  expect(await runSql(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
  const processes = await processesOf(dataDir);
  await server.stop();
  await expectGone(processes);
});

test("a server left running with other settings is shut down and started anew", async () => {
  const dataDir = await world.newUsedDir();
  const owner = await world.openElsewhere(dataDir);
  await runSql(owner.url, "create table notes as select 1 as id");
  const processes = await processesOf(dataDir);
  await owner.kill();
  await writeFile(join(dataDir, "port"), `${owner.port === 31_999 ? 20_000 : owner.port + 1}\n`);
  const server = await world.open(dataDir);
  await expectGone(processes);
  expect(server.isAdopted).toBe(false);
  expect(server.events[0]).toMatchObject({ event: "orphan_ended", pid: processes[0].pid });
  expect(await runSql(server.url, "select id from notes")).toEqual([{ id: 1 }]);
});

test("a server left running that does not answer is ended and started anew", async () => {
  const dataDir = await world.newUsedDir();
  const owner = await world.openElsewhere(dataDir);
  const processes = await processesOf(dataDir);
  await owner.kill();
  process.kill(processes[0].pid, "SIGSTOP");
  const server = await world.open(dataDir);
  await expectGone(processes);
  expect([server.isAdopted, server.port]).toEqual([false, owner.port]);
  expect(await untilEvent(server, "orphan_ended")).toMatchObject({ reason: "it did not answer for 5000 ms" });
});

test("a postmaster.pid of another program's pid, or an empty one, neither blocks the start nor harms the program", async () => {
  const { dataDir, stop } = await world.open();
  await stop();
  const stranger = spawn("sleep", ["600"]);
  await once(stranger, "spawn");
  const pidFile = join(dataDir, "cluster", "postmaster.pid");
  await writeFile(pidFile, `${stranger.pid}\n${join(dataDir, "cluster")}\n1700000000\n`);
  const server = await world.open(dataDir);
  expect(server.events).toEqual([]);
  expect(await findProcess(stranger.pid ?? 0)).toBeDefined();
  stranger.kill();
  await server.stop();

  await writeFile(pidFile, "");
  const again = await world.open(dataDir);
  expect(await runSql(again.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("a copy of a running server's folder leaves the original alone", async () => {
  const original = await world.open();
  const copy = await world.open();
  await copy.stop();
  const pidFile = join(original.dataDir, "cluster", "postmaster.pid");
  await writeFile(join(copy.dataDir, "cluster", "postmaster.pid"), await readFile(pidFile));
  expect(await findPostmaster(join(copy.dataDir, "cluster"))).toBeUndefined();
  const reopened = await world.open(copy.dataDir);
  expect(reopened.isAdopted).toBe(false);
  expect(await runSql(original.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("a killed postmaster comes back on its port with all that was committed, even if old processes hang on", async () => {
  const server = await world.open();
  await runSql(server.url, "create table notes as select 1 as id");
  const client = await connect(server.url);
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const [postmaster] = await processesOf(server.dataDir);
  const backend = await findProcess(rows[0]?.pid ?? 0);
  if (backend === undefined) throw new Error("the backend of an open connection lives");
  // Busy processes do not notice that their postmaster has died; nor do frozen ones.
  process.kill(backend.pid, "SIGSTOP");
  process.kill(postmaster.pid, "SIGKILL");
  expect(await untilEvent(server, "ended")).toMatchObject({ pid: postmaster.pid, how: "SIGKILL" });
  expect((await untilEvent(server, "start_failed")).reason).toContain("shared memory");
  await untilEvent(server, "restarted");
  expect(await stillAlive([backend])).toEqual([]);
  expect(await runSql(server.url, "select id from notes")).toEqual([{ id: 1 }]);
});

test("stop ends a server that is just being restarted", async () => {
  const server = await world.open();
  const before = await processesOf(server.dataDir);
  process.kill(before[0].pid, "SIGKILL");
  await untilEvent(server, "ended");
  await server.stop();
  await expectGone(before);
  expect(await findPostmaster(join(server.dataDir, "cluster"))).toBeUndefined();
  expect((await world.open(server.dataDir)).port).toBe(server.port);
});

test("a port taken while the server was down is asked for until it is free, and reported more and more rarely", async () => {
  const server = await world.open();
  const [postmaster] = await processesOf(server.dataDir);
  process.kill(postmaster.pid, "SIGKILL");
  await untilEvent(server, "ended");
  const stranger = createServer().listen(server.port, "127.0.0.1");
  await once(stranger, "listening");
  const reports = () => server.events.filter((event) => event.event === "start_failed");
  await vi.waitFor(() => expect(reports().length).toBeGreaterThanOrEqual(3), WAIT);
  expect(reports().map(({ retryAfterMs }) => retryAfterMs)).toEqual([500, 1_000, 4_000]);
  for (const { reason } of reports())
    expect(reason).toMatch(`port taken: another program listens on 127.0.0.1:${server.port}`);
  stranger.close();
  await untilEvent(server, "restarted");
  expect(await runSql(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("an owner that cannot look at its adopted server for a while goes on, says so, and still notices its end", async () => {
  const dataDir = await world.newUsedDir();
  const owner = await world.openElsewhere(dataDir);
  const [postmaster] = await processesOf(dataDir);
  await owner.kill();
  const starved = spawnElsewhere(dataDir, {
    through: ["sh", "-c", 'ulimit -n 128; exec "$@"', "sh"],
    args: ["starve"],
  });
  await vi.waitFor(() => expect(starved.errors()).toContain('{"event":"watch_failed"'), WAIT);
  expect(starved.errors()).toContain("EMFILE");
  process.kill(postmaster.pid, "SIGKILL");
  await vi.waitFor(() => expect(starved.errors()).toContain('{"event":"restarted"'), WAIT);
  expect(starved.errors().match(/watch_failed/g)).toHaveLength(1);
  await starved.kill();
});
