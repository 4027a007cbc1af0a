import { randomUUID } from "node:crypto";
import type { BuriedLetter } from "@sms-gateway/contracts";
import { describeWith } from "@sms-gateway/testkit";
import { beforeEach, expect, test } from "vitest";
import {
  countDeadLetters,
  countOrder,
  countSelectedLetters,
  type Database,
  findDeadLetter,
  findDeadLetterAge,
  findLastPosition,
  findMessage,
  freeDeadLetters,
  InvalidCursorError,
  keepDeadLetters,
  listDeadLetters,
  orderDeadLetters,
  recordAccepted,
  rejectLostMessages,
  removeDeadLetters,
  takeDeadLetters,
} from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { makeRow } from "./record-rows.ts";
import { useDatabase } from "./test-database.ts";

const ALL = { all: true } as const;
const TO_END = { afterPosition: "0", upToPosition: "999999999999" } as const;
const FROM_START = { ...TO_END, limit: 100 };

function makeLetter(changes: Partial<BuriedLetter> = {}): BuriedLetter {
  return {
    id: randomUUID(),
    queue: "sms.accepted.normal",
    problem: "/to must be string",
    partIndex: 0,
    body: Buffer.from('{"to":1}'),
    buriedAt: new Date("2026-01-02T03:04:05.678Z"),
    ...changes,
  };
}

describeWith("postgres", "dead letters", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;

  beforeEach(async () => {
    db ??= database.open();
    await ask(db, "truncate dead_letters");
  });

  async function keep(howMany: number, changes: Partial<BuriedLetter> = {}): Promise<string[]> {
    const letters = Array.from({ length: howMany }, () => makeLetter(changes));
    await keepDeadLetters(db, letters);
    return letters.map(({ id }) => id);
  }

  test("are kept once, however often the queue hands them over", async () => {
    const letter = makeLetter();
    expect(await keepDeadLetters(db, [letter, letter])).toEqual([letter.queue]);
    expect(await keepDeadLetters(db, [letter])).toEqual([]);
    expect(await findDeadLetter(db, letter.id, 100)).toEqual({ ...letter, bytes: 8, keptAt: expect.any(Date) });
    expect(await count(db, "dead_letters")).toBe(1);
  });

  test("are kept whatever is in them: nothing can block those behind", async () => {
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const odd = makeLetter({
      id: `a\0b${"x".repeat(500)}`,
      queue: "\ud800",
      problem: `\0${"p".repeat(9_999)}`,
      partIndex: 1e12,
      body: everyByte,
    });
    await keepDeadLetters(db, [odd, makeLetter({ partIndex: null, body: Buffer.alloc(0) })]);
    const { items } = await listDeadLetters(db, { limit: 10, bodyBytesMax: 1_000 });
    expect(items.map(({ partIndex, body }) => [partIndex, body.length])).toEqual([
      [null, 0],
      [null, 256],
    ]);
    expect(items[1]?.body.equals(everyByte)).toBe(true);
  });

  test("are listed newest first, page by page, while others come in", async () => {
    const ids = await keep(5);
    const seen: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await listDeadLetters(db, {
        limit: 2,
        bodyBytesMax: 3,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...page.items.map(({ id }) => id));
      expect(page.items.every(({ body, bytes }) => body.length === 3 && bytes === 8)).toBe(true);
      cursor = page.nextCursor;
      await keep(1);
    }
    expect(seen).toEqual(ids.toReversed());
  });

  test("are listed and counted by queue", async () => {
    const [report] = await keep(1, { queue: "sms.reports" });
    await keep(2);
    const page = await listDeadLetters(db, { queue: "sms.reports", limit: 10, bodyBytesMax: 100 });
    expect(page.items.map(({ id }) => id)).toEqual([report]);
    expect(await countDeadLetters(db)).toEqual(
      new Map([
        ["sms.accepted.normal", 2],
        ["sms.reports", 1],
      ]),
    );
    expect(await countSelectedLetters(db, { all: true, queue: "sms.reports" }, TO_END.upToPosition)).toBe(1);
    expect(await countSelectedLetters(db, ALL, TO_END.upToPosition)).toBe(3);
  });

  test("refuse a cursor of elsewhere", async () => {
    for (const cursor of [
      "",
      "abc",
      Buffer.from("-1").toString("base64url"),
      Buffer.from("9".repeat(19)).toString("base64url"),
    ]) {
      const listing = listDeadLetters(db, { limit: 1, bodyBytesMax: 1, cursor });
      await expect(listing).rejects.toBeInstanceOf(InvalidCursorError);
    }
  });

  test("are taken by one of two at a time, and free again when that one gives them back or dies", async () => {
    const ids = await keep(40);
    const takes = await Promise.all([1, 2, 3].map(() => takeDeadLetters(db, ALL, { ...TO_END, limit: 20 })));
    const taken = takes.flat().map(({ id }) => id);
    expect(new Set(taken).size).toBe(taken.length);
    const rest = await takeDeadLetters(db, ALL, FROM_START);
    expect([...taken, ...rest.map(({ id }) => id)].toSorted()).toEqual(ids.toSorted());
    expect(await takeDeadLetters(db, ALL, FROM_START)).toEqual([]);

    const [first = "", second = "", ...others] = taken;
    await freeDeadLetters(db, [first]);
    await removeDeadLetters(db, others);
    expect((await takeDeadLetters(db, ALL, FROM_START)).map(({ id }) => id)).toEqual([first]);
    await ask(db, "update dead_letters set taken_until = now() - interval '1 s' where id = $1", [second]);
    expect((await takeDeadLetters(db, ALL, FROM_START)).map(({ id }) => id)).toEqual([second]);
  });

  test("are taken in order, each once per pass", async () => {
    const ids = await keep(3);
    const [first] = await takeDeadLetters(db, ALL, { ...TO_END, limit: 1 });
    expect(first).toMatchObject({ id: ids[0], queue: "sms.accepted.normal", body: Buffer.from('{"to":1}') });
    await freeDeadLetters(db, [ids[0] ?? ""]);
    const rest = await takeDeadLetters(db, ALL, { ...FROM_START, afterPosition: first?.position ?? "0" });
    expect(rest.map(({ id }) => id)).toEqual(ids.slice(1));
  });

  test("of one pass end with the last one that was there at its beginning", async () => {
    const ids = await keep(2);
    const upToPosition = (await findLastPosition(db, ALL)) ?? "";
    await keep(3);
    expect(await countSelectedLetters(db, ALL, upToPosition)).toBe(2);
    expect((await takeDeadLetters(db, ALL, { ...FROM_START, upToPosition })).map(({ id }) => id)).toEqual(ids);
    expect(await findLastPosition(db, { all: true, queue: "sms.reports" })).toBeUndefined();
  });

  test("are found by how long they are kept, and the oldest one's age is known", async () => {
    expect(await findDeadLetterAge(db)).toBe(0);
    const [old = ""] = await keep(2);
    await ask(db, "update dead_letters set kept_at = now() - interval '2 hours' where id = $1", [old]);
    const age = await findDeadLetterAge(db);
    expect(age).toBeGreaterThanOrEqual(7_200);
    expect(age).toBeLessThan(7_300);
    const taken = await takeDeadLetters(db, { keptForMs: 3_600_000 }, FROM_START);
    expect(taken.map(({ id }) => id)).toEqual([old]);
  });

  test("that are given up leave their messages rejected, without number or text, and what is recorded as it is", async () => {
    const [known, lost] = [makeRow({ text: "hello" }), makeRow()];
    await recordAccepted(db, [known]);
    const give = [known, lost].map(({ id, clientId, seed }) => {
      return { id, clientId, seed, batchId: "?", lane: "high", simulated: false } as const;
    });
    expect(await rejectLostMessages(db, give)).toEqual([lost.id]);
    expect(await rejectLostMessages(db, give)).toEqual([]);
    expect(await findMessage(db, lost.clientId, lost.id)).toMatchObject({
      status: "rejected",
      text: null,
      toNumber: "",
      error: { code: "DEAD_LETTER_DISCARDED" },
    });
    expect((await findMessage(db, known.clientId, known.id))?.text).toBe("hello");
    expect(await count(db, "events", `message_id = '${lost.id}'`)).toBe(2);
  });

  test("are ordered in pages, so that no statement grows with a disaster", async () => {
    await ask(
      db,
      `insert into dead_letters (id, queue, problem, body, buried_at)
       select 'letter ' || n, 'q', 'odd', '', now() from generate_series(1, 25001) n`,
    );
    await ask(db, "create table ordered_rows (rows int)");
    await ask(
      db,
      `create function note_rows() returns trigger language plpgsql as
       'begin insert into ordered_rows select count(*) from changed; return null; end'`,
    );
    await ask(
      db,
      `create trigger note_rows after update on dead_letters referencing new table as changed
       for each statement execute function note_rows()`,
    );
    const { letters, orderId } = await orderDeadLetters(db, "requeue", ALL);
    await ask(db, "drop trigger note_rows on dead_letters");
    expect(letters).toBe(25_001);
    expect(await countOrder(db, orderId)).toEqual({ waiting: 25_001, failed: 0 });
    const [most] = await ask<{ rows: number }>(db, "select max(rows)::int as rows from ordered_rows");
    expect(most).toEqual({ rows: 10_000 });
    expect((await orderDeadLetters(db, "discard", ALL)).letters).toBe(0);
  });

  test("of an order wait for a worker, and are counted until they are done or have failed", async () => {
    const ids = await keep(3);
    const { orderId, letters } = await orderDeadLetters(db, "requeue", { ids: [...ids, "unknown"] });
    expect(letters).toBe(3);
    // Another order takes none of them over.
    expect((await orderDeadLetters(db, "discard", ALL)).letters).toBe(0);
    expect(await takeDeadLetters(db, { ordered: "discard" }, FROM_START)).toEqual([]);

    const [done = "", failed = ""] = (await takeDeadLetters(db, { ordered: "requeue" }, FROM_START)).map(
      ({ id }) => id,
    );
    expect(await countOrder(db, orderId)).toEqual({ waiting: 3, failed: 0 });
    await removeDeadLetters(db, [done]);
    await freeDeadLetters(db, [failed]);
    expect(await countOrder(db, orderId)).toEqual({ waiting: 1, failed: 1 });
    expect((await orderDeadLetters(db, "discard", ALL)).letters).toBe(1);
    expect((await takeDeadLetters(db, { ordered: "discard" }, FROM_START)).map(({ id }) => id)).toEqual([failed]);
  });
});
