import { randomUUID } from "node:crypto";
import { describeWith } from "@sms-gateway/testkit";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { connectionsOf } from "../src/connections.ts";
import {
  cancelMessage,
  type Database,
  findMessage,
  InvalidCursorError,
  listMessages,
  type MessageFilter,
  type RecordRow,
  recordAccepted,
} from "../src/index.ts";
import { makeRow } from "./record-rows.ts";
import { CLIENT_ID, useDatabase } from "./test-database.ts";

const BATCH = randomUUID();

describeWith("postgres", "listMessages", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  let rows: RecordRow[];

  beforeAll(async () => {
    db = database.open();
    const start = Date.now() - 60 * 60_000;
    rows = Array.from({ length: 60 }, (_, index) =>
      makeRow({
        acceptedAt: new Date(start + index * 60_000),
        toNumber: `+1202555010${index % 3}`,
        smsType: index % 4 === 0 ? "alert" : "transactional",
        status: index % 5 === 0 ? "rejected" : "queued",
        customId: index % 6 === 0 ? "six" : null,
        simulated: index % 7 !== 0,
        ...(index % 10 === 0 ? { batchId: BATCH } : {}),
      }),
    );
    await recordAccepted(db, rows);
    await recordAccepted(db, [makeRow({ clientId: randomUUID(), customId: "six" })]);
  });

  function newestFirst(keep: (row: RecordRow, index: number) => boolean): string[] {
    return rows
      .filter(keep)
      .map(({ id }) => id)
      .sort()
      .reverse();
  }

  async function list(filter: Partial<MessageFilter>): Promise<string[]> {
    const { items } = await listMessages(db, CLIENT_ID, { limit: 500, ...filter });
    return items.map(({ id }) => id);
  }

  test("answers the client's own messages, newest first", async () => {
    expect(await list({})).toEqual(newestFirst(() => true));
    const page = await listMessages(db, CLIENT_ID, { limit: 60 });
    expect(page).toMatchObject({ hasMore: false, nextCursor: null });
    expect(await listMessages(db, randomUUID(), { limit: 5 })).toEqual({ items: [], hasMore: false, nextCursor: null });
  });

  test("filters by every field, also together", async () => {
    expect(await list({ status: "rejected" })).toEqual(newestFirst((row) => row.status === "rejected"));
    expect(await list({ smsType: "alert" })).toEqual(newestFirst((row) => row.smsType === "alert"));
    expect(await list({ to: "+12025550101" })).toEqual(newestFirst((row) => row.toNumber === "+12025550101"));
    expect(await list({ customId: "six" })).toEqual(newestFirst((row) => row.customId === "six"));
    expect(await list({ batchId: BATCH })).toEqual(newestFirst((row) => row.batchId === BATCH));
    expect(await list({ batchId: "no uuid" })).toEqual([]);
    expect(await list({ provider: "twilio" })).toEqual([]);
    expect(await list({ simulated: true })).toEqual(newestFirst((row) => row.simulated));
    expect(await list({ simulated: false })).toEqual(newestFirst((row) => !row.simulated));
    expect(await list({ status: "queued", smsType: "alert", to: "+12025550102" })).toEqual(
      newestFirst((row) => row.status === "queued" && row.smsType === "alert" && row.toNumber === "+12025550102"),
    );
  });

  test("takes both ends of the time in", async () => {
    const [from, to] = [rows[10]?.acceptedAt, rows[20]?.acceptedAt];
    if (from === undefined || to === undefined) throw new Error("60 rows");
    expect(await list({ dateFrom: from, dateTo: to })).toEqual(newestFirst((_, index) => index >= 10 && index <= 20));
    expect(await list({ dateFrom: new Date(to.getTime() + 1) })).toEqual(newestFirst((_, index) => index > 20));
    expect(await list({ dateTo: new Date(from.getTime() - 1) })).toEqual(newestFirst((_, index) => index < 10));
    expect(await list({ dateTo: new Date(0) })).toEqual([]);
  });

  test("skips an offset", async () => {
    expect(await list({ offset: 55 })).toEqual(newestFirst(() => true).slice(55));
    expect(await list({ offset: 60 })).toEqual([]);
  });

  test("pages by cursor without gap or repetition, whatever the size of a page and whatever comes in meanwhile", async () => {
    const all = newestFirst((row) => row.status === "queued");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 60, maxLength: 60 }), async (limits) => {
        const seen: string[] = [];
        let cursor: string | undefined;
        for (const limit of limits) {
          const page = await listMessages(db, CLIENT_ID, {
            status: "queued",
            dateTo: rows.at(-1)?.acceptedAt ?? new Date(),
            limit,
            ...(cursor === undefined ? {} : { cursor }),
          });
          seen.push(...page.items.map(({ id }) => id));
          await recordAccepted(db, [makeRow({ acceptedAt: new Date(Date.now() + 1_000) })]);
          expect(page.hasMore).toBe(page.nextCursor !== null);
          if (page.nextCursor === null) break;
          cursor = page.nextCursor;
        }
        expect(seen).toEqual(all);
      }),
      { numRuns: 5 },
    );
  });

  test.each(["", "x", "AAAA", "!".repeat(22), randomUUID()])("refuses %j as a cursor", async (cursor) => {
    await expect(listMessages(db, CLIENT_ID, { limit: 1, cursor })).rejects.toBeInstanceOf(InvalidCursorError);
  });

  test.each<[string, Partial<MessageFilter>, RegExp]>([
    ["all", {}, /Index Scan Backward|client_id_id_idx/],
    ["by recipient", { to: "+12025550101" }, /to_number/],
    ["by its own id", { customId: "six" }, /custom_id/],
    ["by batch", { batchId: BATCH }, /batch_id/],
    ["that ended badly", { status: "failed" }, /client_id_status_id/],
  ])("has an index for the list of messages: %s", async (_, filter, index) => {
    const pool = connectionsOf(db).pool;
    const plan = await pool.connect();
    try {
      await plan.query("begin; set local enable_seqscan = off; set local enable_bitmapscan = off");
      const conditions = ["client_id = $1", ...listConditions(filter)].join(" and ");
      const { rows: lines } = await plan.query(
        `explain select * from messages where ${conditions} order by id desc limit 51`.replace("$1", `'${CLIENT_ID}'`),
      );
      expect(JSON.stringify(lines)).toMatch(index);
    } finally {
      await plan.query("rollback");
      plan.release();
    }
  });
});

function listConditions({ to, customId, batchId, status }: Partial<MessageFilter>): string[] {
  return Object.entries({ to_number: to, custom_id: customId, batch_id: batchId, status }).flatMap(([column, value]) =>
    value === undefined ? [] : [`${column} = '${value}'`],
  );
}

describeWith("postgres", "findMessage", (adminUrl) => {
  const database = useDatabase(adminUrl);

  test("finds a client's own message, and nothing else", async () => {
    const db = database.open();
    const row = makeRow({ metadata: { a: [1, "x", null] } });
    await recordAccepted(db, [row]);
    expect(await findMessage(db, CLIENT_ID, row.id)).toMatchObject({
      id: row.id,
      metadata: row.metadata,
      lane: "normal",
    });
    expect(await findMessage(db, CLIENT_ID, row.id.toUpperCase())).toMatchObject({ id: row.id });
    expect(await findMessage(db, randomUUID(), row.id)).toBeUndefined();
    expect(await findMessage(db, CLIENT_ID, randomUUID())).toBeUndefined();
    expect(await findMessage(db, CLIENT_ID, "1' or true --")).toBeUndefined();
    expect(await findMessage(db, "x", row.id)).toBeUndefined();
  });

  test("shows a timeline that ends with the status, while the message changes", async () => {
    const db = database.open();
    const row = makeRow();
    await recordAccepted(db, [row]);
    const cancel = cancelMessage(db, CLIENT_ID, row.id);
    const seen = await Promise.all(Array.from({ length: 10 }, () => findMessage(db, CLIENT_ID, row.id)));
    await cancel;
    for (const message of seen) expect(message?.events.at(-1)?.type).toBe(`message.${message?.status}`);
  });
});
