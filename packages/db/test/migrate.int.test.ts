import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createTestDatabase, describeWith } from "@sms-gateway/testkit";
import { afterEach, expect, test } from "vitest";
import { type Database, MigrationError, migrate, openDatabase } from "../src/index.ts";
import { migrateFrom } from "../src/migrations/migrate.ts";
import type { Migration } from "../src/migrations/read-migrations.ts";
import { ask, count } from "./ask.ts";

const FOLDER = new URL("../prisma/migrations/", import.meta.url);

describeWith("postgres", "migrate", (adminUrl) => {
  const cleanups: (() => Promise<void>)[] = [];

  async function openEmpty(): Promise<Database> {
    const database = await createTestDatabase(adminUrl);
    const db = openDatabase({ url: database.url, poolMax: 2 });
    cleanups.push(async () => {
      await db.close();
      await database.drop();
    });
    return db;
  }

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  test("applies every folder in order and records it as Prisma does", async () => {
    const db = await openEmpty();
    const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const names = folders.map(({ name }) => name).sort();
    expect(await migrate(db)).toEqual(names);
    const rows = await ask<Record<string, unknown>>(db, "select * from _prisma_migrations order by migration_name");
    expect(rows).toHaveLength(names.length);
    for (const [index, row] of rows.entries()) {
      const bytes = readFileSync(new URL(`${names[index]}/migration.sql`, FOLDER));
      expect(row).toMatchObject({
        migration_name: names[index],
        checksum: createHash("sha256").update(bytes).digest("hex"),
        logs: null,
        rolled_back_at: null,
        applied_steps_count: 1,
      });
      expect(row.id).toMatch(/^[0-9a-f-]{36}$/);
      expect(row.started_at).toBeInstanceOf(Date);
      expect(row.finished_at).toBeInstanceOf(Date);
    }
  });

  test("does nothing the second time", async () => {
    const db = await openEmpty();
    await migrate(db);
    expect(await migrate(db)).toEqual([]);
  });

  test("lets one of several work while the others wait", async () => {
    const db = await openEmpty();
    const applied = await Promise.all([migrate(db), migrate(db), migrate(db)]);
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await count(db, "_prisma_migrations")).toBe(applied.flat().length);
  });

  test("leaves nothing of a migration that fails, and applies it when it is mended", async () => {
    const db = await openEmpty();
    const first = makeMigration("1_first", "create table a (id int)");
    const broken = makeMigration("2_second", "create table b (id int); create table a (id int)");
    await expect(migrateFrom(db, [first, broken])).rejects.toThrow(/2_second failed: relation "a" already exists/);
    expect(await count(db, "_prisma_migrations")).toBe(1);
    expect(await count(db, "pg_class", "relname = 'b'")).toBe(0);
    const mended = makeMigration("2_second", "create table b (id int)");
    expect(await migrateFrom(db, [first, mended])).toEqual(["2_second"]);
  });

  test("runs what cannot run in a transaction outside of one, and stops at what broke there", async () => {
    const db = await openEmpty();
    const table = makeMigration("1_table", "create table a (id int); insert into a values (1), (1)");
    const index = makeMigration("2_index", "create index concurrently a_id on a (id)");
    expect(await migrateFrom(db, [table, index])).toEqual(["1_table", "2_index"]);
    const broken = makeMigration("3_unique", "create unique index concurrently a_unique on a (id)");
    await expect(migrateFrom(db, [table, index, broken])).rejects.toThrow(MigrationError);
    const [row] = await ask(db, "select finished_at, logs from _prisma_migrations where migration_name = '3_unique'");
    expect(row).toMatchObject({ finished_at: null, logs: expect.stringContaining("could not create unique index") });
    await expect(migrateFrom(db, [table, index, broken])).rejects.toThrow(/3_unique has failed before/);
  });

  test("refuses to go on when an applied file was changed", async () => {
    const db = await openEmpty();
    await migrateFrom(db, [makeMigration("1_first", "create table a (id int)")]);
    const changed = [makeMigration("1_first", "create table c (id int)"), makeMigration("2_next", "create table d ()")];
    await expect(migrateFrom(db, changed)).rejects.toThrow(/1_first was changed after it was applied/);
    expect(await count(db, "pg_class", "relname = 'd'")).toBe(0);
  });

  test("leaves alone what a newer version has applied", async () => {
    const db = await openEmpty();
    const first = makeMigration("1_first", "create table a (id int)");
    await migrateFrom(db, [first, makeMigration("2_newer", "create table b (id int)")]);
    expect(await migrateFrom(db, [first])).toEqual([]);
  });
});

function makeMigration(name: string, sql: string): Migration {
  return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
}
