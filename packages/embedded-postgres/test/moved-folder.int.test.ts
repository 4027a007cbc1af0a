import { spawn } from "node:child_process";
import { once } from "node:events";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { findRunningPostgres } from "../src/index.ts";
import { findProcess, listProcesses, readCommand, stillAlive, treeOf } from "../src/process-table.ts";
import {
  connect,
  expectGone,
  openWorld,
  type PostgresWorld,
  processesOf,
  readText,
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

test("a look at a running server whose folder was renamed finds it and takes nothing from it", async () => {
  const server = await world.open();
  const [postmaster] = await processesOf(server.dataDir);
  const moved = world.newDataDir();
  await rename(server.dataDir, moved);
  expect(await findRunningPostgres(moved)).toBe(server.url);
  expect(await readText(moved, "cluster", "postmaster.pid")).toMatch(new RegExp(`^${postmaster.pid}\n`));
  await rename(moved, server.dataDir);
  expect(await runSql(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("a look at a folder without a server deletes nothing, whatever its postmaster.pid says", async () => {
  const server = await world.open();
  const pidFile = join(server.dataDir, "cluster", "postmaster.pid");
  const text = await readText(pidFile);
  const stranger = spawn("sleep", ["600"]);
  await once(stranger, "spawn");
  try {
    // What a pid of another pid namespace looks like from here.
    await writeFile(pidFile, text.replace(/^\d+/, `${stranger.pid}`));
    expect(await findRunningPostgres(server.dataDir)).toBeUndefined();
    expect(await readText(pidFile)).toMatch(new RegExp(`^${stranger.pid}\n`));
  } finally {
    await writeFile(pidFile, text);
    stranger.kill();
  }
  expect(await findRunningPostgres(server.dataDir)).toBe(server.url);
});

test("a server left running in a folder that was renamed since is ended in order and started anew", async () => {
  const dataDir = await world.newUsedDir();
  const owner = await world.openElsewhere(dataDir);
  await runSql(owner.url, "create table notes as select 1 as id");
  const processes = await processesOf(dataDir);
  await owner.kill();
  const moved = world.newDataDir();
  await rename(dataDir, moved);
  const server = await world.open(moved);
  await expectGone(processes);
  expect(server.events).toEqual([
    { event: "orphan_ended", pid: processes[0].pid, reason: "it runs with other programs or settings" },
  ]);
  expect(await runSql(server.url, "select id from notes")).toEqual([{ id: 1 }]);
});

test("processes that a killed postmaster has left in a folder that was renamed since do not keep it from starting", async () => {
  const dataDir = await world.newUsedDir();
  const owner = await world.openElsewhere(dataDir);
  const [postmaster] = await processesOf(dataDir);
  const client = await connect(owner.url);
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const backend = await findProcess(rows[0]?.pid ?? 0);
  if (backend === undefined) throw new Error("the backend of an open connection lives");
  process.kill(backend.pid, "SIGSTOP");
  await owner.kill();
  process.kill(postmaster.pid, "SIGKILL");
  const moved = world.newDataDir();
  await rename(dataDir, moved);
  const server = await world.open(moved);
  expect((await untilEvent(server, "start_failed")).reason).toContain("shared memory");
  expect(await stillAlive([backend])).toEqual([]);
  expect(await runSql(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

/** With a first process that lives on, as in a container whose gateway alone was killed. */
const OTHER_CONTAINER: readonly string[] = [
  ...["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"],
  ...["sh", "-c", '"$@" & wait; exec sleep 600', "sh"],
];
const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write("SKIPPED: a folder that two pid namespaces share: not run by root\n");
test.runIf(isRoot && process.platform === "linux")(
  "a folder in use in another pid namespace is refused until neither owner nor server is left there",
  async () => {
    const dataDir = await world.newUsedDir();
    const container = spawnElsewhere(dataDir, { through: OTHER_CONTAINER });
    try {
      await vi.waitFor(() => expect(container.output()).toContain("postgresql://"), WAIT);
      const refusal = /is in use by process \d+ of another container .*: stop that container first/;
      await expect(world.open(dataDir)).rejects.toThrow(refusal);
      const inside = treeOf(await listProcesses(), [container.pid]);
      const commands = await Promise.all(inside.map(async ({ pid }) => ({ pid, command: await readCommand(pid) })));
      const owner = commands.find(({ command }) => command.startsWith(process.execPath));
      if (owner === undefined) throw new Error("the owner runs in the other namespace");
      process.kill(owner.pid, "SIGKILL");
      await vi.waitFor(async () => expect(await findProcess(owner.pid)).toBeUndefined(), WAIT);
      await expect(world.open(dataDir)).rejects.toThrow(refusal);
      expect(await readText(dataDir, "cluster", "postmaster.pid")).not.toBe("");
    } finally {
      await container.kill();
    }
    const server = await vi.waitFor(() => world.open(dataDir), { ...WAIT, interval: 500 });
    expect(await runSql(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
  },
);
