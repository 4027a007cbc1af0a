import { expect, test } from "vitest";
import { describeWithOwn, type PostgresServer } from "../src/index.ts";
import { runSql } from "../src/servers/server-readiness.ts";
import { expectNothingLeft, runningPartsOf } from "./server-processes.ts";

const COUNT = "select count(*)::int as count from notes";

describeWithOwn("postgres", "Postgres", (start) => {
  const write = (server: PostgresServer) => runSql(server.url, "insert into notes default values");
  const count = async (server: PostgresServer) => (await runSql(server.url, COUNT)).rows[0]?.count;

  test("keeps committed rows over stop, kill -9 and start, and leaves no process behind", async () => {
    const server = await start({ durable: true });
    await runSql(server.url, "create table notes (id serial)");
    await write(server);
    await server.restart();
    expect(await count(server)).toBe(1);
    await write(server);
    await server.kill();
    await expect(write(server)).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    await server.start();
    expect(await count(server)).toBe(2);
    const parts = await runningPartsOf(server.dataDir);
    await server.stop();
    await expectNothingLeft(parts);
  });

  test("answers nothing while paused and goes on when resumed", async () => {
    const server = await start();
    await server.pause();
    await expect(runSql(server.url, "select 1", 300)).rejects.toThrow(/timeout/);
    await server.resume();
    expect((await runSql(server.url, "select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  test("asks for the password", async () => {
    const server = await start({ user: "sms", password: "a b/c", database: "sms" });
    expect((await runSql(server.url, "select current_user, current_database()")).rows).toEqual([
      { current_user: "sms", current_database: "sms" },
    ]);
    const wrong = new URL(server.url);
    wrong.password = "wrong";
    await expect(runSql(wrong.href, "select 1")).rejects.toThrow(/password/);
  });
});
