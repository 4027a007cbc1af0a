import { createTestDatabase, describeWith } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, ensurePartitions, migrate, openDatabase, recordAccepted } from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { makeRow } from "./record-rows.ts";

describeWith("postgres", "ensurePartitions", (adminUrl) => {
  let db: Database;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const database = await createTestDatabase(adminUrl);
    drop = database.drop;
    db = openDatabase({ url: database.url, poolMax: 4 });
    await migrate(db);
  });
  afterAll(async () => {
    await db.close();
    await drop();
  });

  test("makes one month back to three ahead for each table, over the end of a year", async () => {
    const { created, nonEmptyDefaults, blocked } = await ensurePartitions(db, new Date("2026-11-30T23:59:59.999Z"));
    const months = ["2026_10", "2026_11", "2026_12", "2027_01", "2027_02"];
    expect(created).toEqual(
      months.flatMap((month) =>
        ["messages", "message_aliases", "attempts", "events"].map((table) => `${table}_${month}`),
      ),
    );
    expect({ nonEmptyDefaults, blocked }).toEqual({ nonEmptyDefaults: [], blocked: [] });
  });

  test("adds only what is missing a month later, with several workers at once", async () => {
    const now = new Date("2026-12-01T00:00:00.000Z");
    const reports = await Promise.all([
      ensurePartitions(db, now),
      ensurePartitions(db, now),
      ensurePartitions(db, now),
    ]);
    expect(reports.flatMap(({ created }) => created)).toEqual([
      "messages_2027_03",
      "message_aliases_2027_03",
      "attempts_2027_03",
      "events_2027_03",
    ]);
  });

  test("puts the first and the last millisecond of a month where they belong", async () => {
    const times = [
      "2026-10-31T23:59:59.999Z",
      "2026-11-01T00:00:00.000Z",
      "2026-11-30T23:59:59.999Z",
      "2026-12-01T00:00:00.000Z",
    ];
    const rows = times.map((time) => makeRow({ acceptedAt: new Date(time) }));
    await recordAccepted(db, rows);
    const places = await ask<{ id: string; place: string }>(
      db,
      "select id, tableoid::regclass::text as place from messages",
    );
    const placeOf = new Map(places.map(({ id, place }) => [id, place]));
    expect(rows.map(({ id }) => placeOf.get(id))).toEqual([
      "messages_2026_10",
      "messages_2026_11",
      "messages_2026_11",
      "messages_2026_12",
    ]);
    expect(await count(db, "events_2026_11")).toBe(4);
  });

  test("raises the alarm when a default partition holds rows, and goes on with the other months", async () => {
    await recordAccepted(db, [makeRow({ acceptedAt: new Date("2027-05-10T00:00:00Z") })]);
    const report = await ensurePartitions(db, new Date("2027-03-01T00:00:00Z"));
    expect(report.nonEmptyDefaults).toEqual(["messages_default", "events_default"]);
    expect(report.blocked).toEqual(["messages_2027_05", "events_2027_05"]);
    expect(report.created).toContain("messages_2027_06");
    expect(report.created).toContain("attempts_2027_05");
  });
});
