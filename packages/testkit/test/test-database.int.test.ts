import { expect, test } from "vitest";
import { createTestDatabase, describeWith } from "../src/index.ts";
import { runSql } from "../src/servers/server-readiness.ts";

describeWith("postgres", "test databases", (adminUrl) => {
  test("a template is migrated once for any number of databases, which are apart from each other", async () => {
    let migrations = 0;
    const template = {
      key: `test ${Math.random()}`,
      migrate: async (url: string) => {
        migrations += 1;
        await runSql(url, "create table notes (id int)");
      },
    };
    const databases = await Promise.all(Array.from({ length: 5 }, () => createTestDatabase(adminUrl, { template })));
    const [first, second] = databases;
    expect(migrations).toBe(1);
    await runSql(first?.url ?? "", "insert into notes values (1)");
    expect((await runSql(second?.url ?? "", "select * from notes")).rows).toEqual([]);
    await Promise.all(databases.map((database) => database.drop()));
    await expect(runSql(first?.url ?? "", "select 1")).rejects.toThrow(/does not exist/);
  });

  test("a migration that fails leaves no template behind", async () => {
    const key = `test ${Math.random()}`;
    const failing = { key, migrate: () => Promise.reject(new Error("bad migration")) };
    await expect(createTestDatabase(adminUrl, { template: failing })).rejects.toThrow("bad migration");
    const working = { key, migrate: async (url: string) => void (await runSql(url, "create table notes (id int)")) };
    const database = await createTestDatabase(adminUrl, { template: working });
    expect((await runSql(database.url, "select * from notes")).rows).toEqual([]);
    await database.drop();
  });
});
