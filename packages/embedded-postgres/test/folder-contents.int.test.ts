import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deleteEmbeddedPostgres } from "../src/index.ts";
import { openWorld, type PostgresWorld, readText, runSql } from "./postgres-world.ts";

let world: PostgresWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.remove());

test("a folder that holds something else is refused and stays as it is", async () => {
  const home = world.newDataDir();
  await mkdir(join(home, "logs"), { recursive: true });
  await writeFile(join(home, "thesis.txt"), "chapter 1");
  const before = await stat(home);
  await expect(world.open(home)).rejects.toThrow(
    `${home} holds files, but no data of the embedded Postgres, which needs a folder of its own: set EMBEDDED_POSTGRES_DIR`,
  );
  expect((await readdir(home)).sort()).toEqual(["logs", "thesis.txt"]);
  const { uid, gid, mtimeMs } = await stat(home);
  expect([uid, gid, mtimeMs]).toEqual([before.uid, before.gid, before.mtimeMs]);
  expect(await deleteEmbeddedPostgres(home)).toEqual(expect.arrayContaining(["logs", "thesis.txt"]));
  expect(await readdir(home)).toHaveLength(2);
});

test("a fresh volume and a first start that was killed are no obstacle", async () => {
  const dataDir = world.newDataDir();
  for (const name of ["lost+found", "logs", "cluster.new-0a1b2c3d"]) {
    await mkdir(join(dataDir, name), { recursive: true });
  }
  for (const name of ["owner.1.json", "owner.json.0a1b2c3d", "start.log"]) await writeFile(join(dataDir, name), "");
  const server = await world.open(dataDir);
  expect(await runSql(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("deleting removes all that was made in the folder, and the folder only when nothing else is in it", async () => {
  const server = await world.open();
  await expect(deleteEmbeddedPostgres(server.dataDir)).rejects.toThrow(/is in use by process/);
  expect(await runSql(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
  await server.stop();
  await writeFile(join(server.dataDir, "notes.txt"), "mine");
  expect(await deleteEmbeddedPostgres(server.dataDir)).toEqual(["notes.txt"]);
  expect(await readText(server.dataDir, "notes.txt")).toBe("mine");

  const unshared = await world.newUsedDir();
  expect(await deleteEmbeddedPostgres(unshared)).toEqual([]);
  await expect(stat(unshared)).rejects.toThrow(/ENOENT/);
  expect(await deleteEmbeddedPostgres(unshared)).toEqual([]);
});

test("the data below a running server are not deleted, even if nobody owns the folder", async () => {
  const dataDir = await world.newUsedDir();
  const owner = await world.openElsewhere(dataDir);
  await owner.kill();
  await expect(deleteEmbeddedPostgres(dataDir)).rejects.toThrow(/Postgres runs in .* stop it first/);
  expect(await runSql(owner.url, "select 1 as one")).toEqual([{ one: 1 }]);
});
