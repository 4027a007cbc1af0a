import { describeWith } from "@sms-gateway/testkit";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { connectionsOf } from "../src/connections.ts";
import { openDatabase } from "../src/index.ts";
import { describePublishing } from "../src/queue/queue-sessions.ts";
import { ask } from "./ask.ts";
import { useDatabase } from "./test-database.ts";

const LOOSE =
  "-c synchronous_commit=off -c default_transaction_isolation=repeatable\\ read -c work_mem=5MB -c timezone=Asia/Tokyo";

describeWith("postgres", "a session of ours", (adminUrl) => {
  const database = useDatabase(adminUrl);

  test("keeps what the guarantees rest on, whatever the address asks for; the rest is the address's", async () => {
    const url = new URL(database.url());
    url.searchParams.set("options", LOOSE);
    url.searchParams.set("statement_timeout", "0");
    const db = openDatabase({ url: url.href, poolMax: 1 });
    onTestFinished(() => db.close());
    const names = ["synchronous_commit", "default_transaction_isolation", "timezone", "statement_timeout", "work_mem"];
    const query = `select ${names.map((name) => `current_setting('${name}') as ${name}`).join(", ")}`;
    const ours = {
      synchronous_commit: "on",
      default_transaction_isolation: "read committed",
      timezone: "UTC",
      statement_timeout: "10s",
      work_mem: "5MB",
    };
    expect(await ask(db, query)).toEqual([ours]);
    const publisher = new pg.Client(describePublishing(db));
    await publisher.connect();
    const { rows } = await publisher
      .query(`${query}, current_setting('enable_seqscan') as seqscan`)
      .finally(() => publisher.end());
    expect(rows).toEqual([{ ...ours, statement_timeout: "1800ms", seqscan: "off" }]);
    expect(connectionsOf(db).config.connectionString).not.toContain("options");
  });
});
