import { makeSeed } from "@sms-gateway/contracts";
import { describeWith } from "@sms-gateway/testkit";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { connectionsOf } from "../src/connections.ts";
import {
  type Database,
  DatabaseUnavailableError,
  dropExpiredIdempotencyKeys,
  findMessage,
  openDatabase,
  type RecordRow,
  recordAccepted,
} from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { keyFacts, makeRequest, makeRow, makeRows } from "./record-rows.ts";
import { CLIENT_ID, useDatabase } from "./test-database.ts";

/** Each of them is refused by the database in another way: SQLSTATE 22021/22P05, 22003, 23502, 22P02, 22007, 22008. */
const CULPRITS: readonly Partial<RecordRow>[] = [
  { text: "zero \u0000 byte" },
  { customId: "lone \ud800 surrogate" },
  { metadata: { deep: ["\u0000"] } },
  { segments: 2 ** 40 },
  { expireAt: new Date(Number.NaN) },
  { keyId: "no uuid" },
  { batchId: "no uuid" },
  { dueAt: new Date(8_640_000_000_000_000) },
  { acceptedAt: new Date(Number.NaN), dueAt: new Date() },
  { seed: "\u0000" },
  { idempotencyKeyHash: "\u0000", fingerprint: "f", idempotencyExpiresAt: new Date() },
];

describeWith("postgres", "recordAccepted", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  beforeAll(() => {
    db = database.open(8);
  });

  test("records every field and the events accepted and queued", async () => {
    const row = makeRow({
      recipientName: "Ada",
      udh: "050003",
      smsType: "alert",
      lane: "high",
      priority: 1,
      providers: ["plivo", "twilio"],
      plannedProvider: "plivo",
      customId: "c-1",
      metadata: { a: [1, { b: null }], "k\"'\\": "ü" },
      callbackUrl: "https://example.org/x",
      segments: 3,
      trace: {
        step: "record",
        provider: "plivo",
        considered: [
          ["plivo", "chosen"],
          ["twilio", "paused"],
        ],
      },
    });
    expect(await recordAccepted(db, [row])).toEqual([
      { id: row.id, seed: row.seed, outcome: "recorded", messageId: row.id, row },
    ]);
    const { idempotencyKeyHash, fingerprint, idempotencyExpiresAt, seed, errorCode, errorMessage, trace, ...fields } =
      row;
    const message = await findMessage(db, CLIENT_ID, row.id);
    expect(message).toMatchObject({
      ...fields,
      error: null,
      possibleDouble: false,
      attempts: [],
      cost: null,
      round: 1,
    });
    expect(message?.queuedAt).toBeInstanceOf(Date);
    expect(message?.finalAt).toBeNull();
    const considered = [
      { provider: "plivo", verdict: "chosen" },
      { provider: "twilio", verdict: "paused" },
    ];
    const at = message?.queuedAt?.toISOString();
    expect(message?.trace).toEqual([{ at, step: "record", provider: "plivo", considered }]);
    expect(message?.events.map(({ sequence, type }) => [sequence, type])).toEqual([
      [1, "message.accepted"],
      [2, "message.queued"],
    ]);
  });

  test.each([
    ["scheduled", null, null],
    ["rejected", "CLIENT_INACTIVE", { error_code: "CLIENT_INACTIVE" }],
    ["expired", "EXPIRED", { error_code: "EXPIRED" }],
  ] as const)("records a message as %s with the event of that name", async (status, errorCode, detail) => {
    const row = makeRow({ status, dueAt: new Date(Date.now() + 60_000), errorCode, errorMessage: errorCode && "why" });
    await recordAccepted(db, [row]);
    const message = await findMessage(db, CLIENT_ID, row.id);
    expect(message).toMatchObject({ status, queuedAt: null, error: errorCode && { code: errorCode, message: "why" } });
    expect(message?.finalAt === null).toBe(status === "scheduled");
    expect(message?.events.at(-1)).toMatchObject({ type: `message.${status}`, detail: detail ?? {} });
  });

  test("keeps no text of a one-time password that is final from the start", async () => {
    const expired = makeRow({ smsType: "otp", status: "expired" });
    const queued = makeRow({ smsType: "otp" });
    await recordAccepted(db, [expired, queued]);
    expect((await findMessage(db, CLIENT_ID, expired.id))?.text).toBeNull();
    expect((await findMessage(db, CLIENT_ID, queued.id))?.text).toBe(queued.text);
  });

  test("keeps the timeline in order when the gateway's clock is ahead", async () => {
    const row = makeRow({ acceptedAt: new Date(Date.now() + 60_000) });
    await recordAccepted(db, [row]);
    const [accepted, queued] = (await findMessage(db, CLIENT_ID, row.id))?.events ?? [];
    expect(accepted?.at.getTime()).toBeLessThanOrEqual(queued?.at.getTime() ?? 0);
  });

  test("decides by its own clock what is due, whatever the clock of the worker says", async () => {
    const [ahead, behind] = [new Date(Date.now() + 60_000), new Date(Date.now() - 60_000)];
    const rows = [
      makeRow({ dueAt: ahead }),
      makeRow({ status: "scheduled", dueAt: behind, scheduleAt: behind }),
      makeRow({ status: "scheduled", dueAt: ahead, scheduleAt: ahead }),
    ];
    const recorded = await recordAccepted(db, rows);
    const statusOf = new Map(recorded.map(({ id, row }) => [id, row.status]));
    expect(rows.map(({ id }) => statusOf.get(id))).toEqual(["queued", "queued", "scheduled"]);
    for (const [index, row] of rows.entries()) {
      const message = await findMessage(db, CLIENT_ID, row.id);
      expect(message?.status).toBe(statusOf.get(row.id));
      expect(message?.events.at(-1)?.type).toBe(`message.${message?.status}`);
      expect((message?.dueAt ?? ahead) <= new Date()).toBe(index < 2);
      expect(message?.queuedAt === null).toBe(index === 2);
    }
  });

  test("changes nothing when the same rows come again, also twice in one batch and in two pools at once", async () => {
    const other = database.open(4);
    const rows = makeRows(200);
    const once = await recordAccepted(db, [...rows, ...rows]);
    expect(once.map(({ outcome }) => outcome)).toEqual(rows.map(() => "recorded"));
    const before = await ask(db, "select * from messages order by id");
    const again = await Promise.all([recordAccepted(db, rows), recordAccepted(other, [...rows].reverse())]);
    expect(new Set(again.flat().map(({ outcome }) => outcome))).toEqual(new Set(["already_recorded"]));
    expect(await ask(db, "select * from messages order by id")).toEqual(before);
    const fresh = makeRows(200);
    const racing = await Promise.all([recordAccepted(db, fresh), recordAccepted(other, [...fresh].reverse())]);
    expect(racing.flat().filter(({ outcome }) => outcome === "recorded")).toHaveLength(200);
    const ids = fresh.map(({ id }) => `'${id}'`).join();
    expect(await count(db, "events", `message_id in (${ids})`)).toBe(400);
  });

  test("raises the alarm for an id that belongs to another seed, and keeps the first", async () => {
    const first = makeRow({ text: "first" });
    const second = { ...first, seed: makeSeed(Date.now()), text: "second" };
    await recordAccepted(db, [first]);
    expect(await recordAccepted(db, [second])).toMatchObject([{ id: first.id, outcome: "other_seed" }]);
    expect((await findMessage(db, CLIENT_ID, first.id))?.text).toBe("first");
    const third = makeRow({ text: "third" });
    const outcomes = await recordAccepted(db, [third, { ...third, seed: second.seed }]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["recorded", "other_seed"]);
  });

  test("keeps one idempotency key per request, until its time is over and it has been here for an hour", async () => {
    const key = keyFacts("one");
    const where = `key_hash = '${key.idempotencyKeyHash}'`;
    const later = makeRow({ ...key });
    await recordAccepted(db, makeRequest(3, key));
    await recordAccepted(db, [later]);
    expect(await count(db, "idempotency_keys", where)).toBe(1);
    const age = async (column: string) =>
      ask(db, `update idempotency_keys set ${column} = now() - interval '61 m' where ${where}`);
    expect(await dropExpiredIdempotencyKeys(db, 10)).toBe(0);
    await age("expires_at");
    expect(await dropExpiredIdempotencyKeys(db, 10)).toBe(0);
    await age("recorded_at");
    expect(await dropExpiredIdempotencyKeys(db, 10)).toBe(1);
    expect(await dropExpiredIdempotencyKeys(db, 10)).toBe(0);
  });

  test.each(CULPRITS)("finds the one row that the database refuses and records it as rejected: %o", async (culprit) => {
    const good = makeRows(20);
    const bad = { ...makeRow(), ...culprit };
    const rows = [...good.slice(0, 13), bad, ...good.slice(13)];
    const outcomes = await recordAccepted(db, rows);
    expect(outcomes.filter(({ outcome }) => outcome === "recorded")).toHaveLength(21);
    const message = await findMessage(db, CLIENT_ID, bad.id);
    expect(message).toMatchObject({ status: "rejected", text: null, error: { code: "NOT_RECORDABLE" } });
    expect(message?.events.map(({ type }) => type)).toEqual(["message.accepted", "message.rejected"]);
    for (const row of good) expect((await findMessage(db, CLIENT_ID, row.id))?.status).toBe("queued");
    const [again] = await recordAccepted(db, [bad]);
    expect(again?.outcome).not.toBe("recorded");
    expect(await findMessage(db, CLIENT_ID, bad.id)).toEqual(message);
  });

  test("puts an id whose month has no partition into the default partition", async () => {
    const row = makeRow({ acceptedAt: new Date("2021-03-04T05:06:07Z"), expireAt: new Date() });
    await recordAccepted(db, [row]);
    expect(await count(db, "messages_default", `id = '${row.id}'`)).toBe(1);
    expect(await findMessage(db, CLIENT_ID, row.id)).toMatchObject({ id: row.id });
  });

  test("rejects nobody when a partition is missing: that is our own fault", async () => {
    const row = makeRow({ acceptedAt: new Date("2021-05-04T05:06:07Z"), expireAt: new Date() });
    await ask(db, "alter table messages detach partition messages_default");
    await expect(recordAccepted(db, [row])).rejects.toMatchObject({ code: "23514" });
    await ask(db, "alter table messages attach partition messages_default default");
    expect((await recordAccepted(db, [row]))[0]).toMatchObject({ outcome: "recorded", row: { status: "queued" } });
  });

  test("says that the database is away, whatever the way in which it is", async () => {
    const nobody = openDatabase({ url: "postgresql://postgres:postgres@127.0.0.1:1/none", poolMax: 1 });
    await expect(recordAccepted(nobody, [makeRow()])).rejects.toBeInstanceOf(DatabaseUnavailableError);
    await expect(findMessage(nobody, CLIENT_ID, makeRow().id)).rejects.toBeInstanceOf(DatabaseUnavailableError);
    expect(await nobody.health()).toMatchObject({ ok: false });
    await nobody.close();
  });

  test("says that the database is away when it refuses the login or does not exist, and that this was refused", async () => {
    const [stranger, elsewhere] = [new URL(database.url()), new URL(database.url())];
    stranger.username = "nobody";
    elsewhere.pathname = "/none";
    for (const { href: url } of [stranger, elsewhere]) {
      const refused = openDatabase({ url, poolMax: 1 });
      const reason = expect.objectContaining({ name: "DatabaseUnavailableError", isAccessRefused: true });
      await expect(recordAccepted(refused, [makeRow()])).rejects.toEqual(reason);
      await expect(findMessage(refused, CLIENT_ID, makeRow().id)).rejects.toEqual(reason);
      await refused.close();
    }
  });

  test("says that the database is away when a statement takes too long, or after close", async () => {
    const slow = openDatabase({ url: database.url(), poolMax: 2, statementTimeoutMs: 200 });
    const blocker = await connectionsOf(db).pool.connect();
    await blocker.query("begin; lock table messages in access exclusive mode");
    await expect(recordAccepted(slow, makeRows(2))).rejects.toBeInstanceOf(DatabaseUnavailableError);
    expect(await slow.health()).toEqual({ ok: true });
    await blocker.query("rollback");
    blocker.release();
    expect(await recordAccepted(slow, makeRows(2))).toHaveLength(2);
    await slow.close();
    await expect(recordAccepted(slow, makeRows(2))).rejects.toBeInstanceOf(DatabaseUnavailableError);
  });

  test("records 50 000 rows exactly, whatever the batches, repetitions and culprits", async () => {
    const pools = [db, database.open(4)];
    const events = await count(db, "events");
    const messages = await count(db, "messages");
    const rows = makeRows(50_000).map((row, index) =>
      index % 7_001 === 13 ? { ...row, ...CULPRITS[index % 4] } : row,
    );
    const culprits = rows.filter((_, index) => index % 7_001 === 13);
    const sizes = fc.sample(fc.integer({ min: 1, max: 700 }), 400);
    const batches: RecordRow[][] = [];
    for (let start = 0; start < rows.length; start += sizes[batches.length - 1] ?? 1) {
      const size = sizes[batches.length] ?? 700;
      // Overlaps the one before, as a redelivery after a lost acknowledgement would.
      batches.push(rows.slice(Math.max(0, start - 20), start + size));
    }
    const waiting = [...batches];
    const record = async (pool: Database): Promise<number> => {
      let recorded = 0;
      for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
        const outcomes = await recordAccepted(pool, batch);
        recorded += outcomes.filter(({ outcome }) => outcome === "recorded").length;
      }
      return recorded;
    };
    const recorded = await Promise.all([...pools, ...pools].map(record));
    expect(recorded.reduce((sum, part) => sum + part, 0)).toBe(50_000);
    expect((await count(db, "messages")) - messages).toBe(50_000);
    expect((await count(db, "events")) - events).toBe(100_000);
    const ids = culprits.map(({ id }) => `'${id}'`).join();
    expect(await count(db, "messages", `id in (${ids}) and error_code = 'NOT_RECORDABLE'`)).toBe(culprits.length);
    const [order] = await ask<{ bad: number }>(
      db,
      `select count(*)::int as bad from events a join events b on a.message_id = b.message_id
       where a.sequence < b.sequence and a.position > b.position`,
    );
    expect(order?.bad).toBe(0);
  });
});
