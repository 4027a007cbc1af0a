import { describeWith } from "@sms-gateway/testkit";
import { beforeEach, expect, test } from "vitest";
import {
  type Claim,
  type ClaimRequest,
  changeMessages,
  claimDue,
  type Database,
  holdProvider,
  recordAccepted,
  setProviderLimits,
} from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { makeRow, makeRows } from "./record-rows.ts";
import { useDatabase } from "./test-database.ts";

const REQUEST: ClaimRequest = { lane: "normal", provider: "twilio", slots: 500, leaseMs: 30_000, afterClientId: null };

describeWith("postgres", "what a provider takes", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  let other: Database;

  beforeEach(async () => {
    db ??= database.open(6);
    other ??= database.open(6);
    await ask(db, "truncate messages, attempts, events");
    await ask(
      db,
      `update providers set max_in_flight = 1000, messages_per_second = null, tokens = null, tokens_at = null,
         held_until = null, circuit_state = 'closed', circuit_step = 0`,
    );
  });

  const limit = (messagesPerSecond: number) => setProviderLimits(db, "twilio", { messagesPerSecond });

  /** As if so much time had gone by since the provider was last paid for. */
  async function letPass(ms: number): Promise<void> {
    await ask(db, "update providers set tokens_at = tokens_at - $1 * interval '1 ms'", [ms]);
  }

  /** As if so many were left now; what comes in before the next statement is why the tests leave a margin. */
  async function leave(tokens: number): Promise<void> {
    await ask(db, "update providers set tokens = $1, tokens_at = clock_timestamp() where name = 'twilio'", [tokens]);
  }

  function segmentsOf({ messages }: Claim): number {
    return messages.reduce((sum, { segments }) => sum + segments, 0);
  }

  test("is one second's worth of its rate at once, less a fifth for the high lane, then what time brings", async () => {
    await limit(10);
    await recordAccepted(db, [...makeRows(40), ...makeRows(2, { lane: "high" })]);
    expect((await claimDue(db, REQUEST)).messages).toHaveLength(8);
    expect((await claimDue(other, { ...REQUEST, lane: "high" })).messages).toHaveLength(2);
    // 31 more for the first one that leaves the high lane its 2.
    await leave(-28);
    const empty = await claimDue(other, REQUEST);
    expect(empty.messages).toEqual([]);
    expect(empty.waitMs).toBeGreaterThan(1_000);
    expect(empty.waitMs).toBeLessThanOrEqual(3_100);
    await letPass(60_000);
    expect((await claimDue(db, REQUEST)).messages).toHaveLength(8);
  });

  test("serves every lane at one message a second, and says when the next one may go", async () => {
    await limit(1);
    await recordAccepted(db, [...makeRows(3, { lane: "bulk" }), makeRow({ lane: "high" })]);
    const first = await claimDue(db, { ...REQUEST, lane: "bulk" });
    expect(first.messages).toHaveLength(1);
    expect(first.waitMs).toBeGreaterThan(999);
    expect(first.waitMs).toBeLessThanOrEqual(1_000);
    await leave(-1);
    expect((await claimDue(db, { ...REQUEST, lane: "high" })).messages).toEqual([]);
    await letPass(2_000);
    expect((await claimDue(db, { ...REQUEST, lane: "high" })).messages).toHaveLength(1);
    await letPass(5_000);
    expect((await claimDue(db, { ...REQUEST, lane: "bulk" })).messages).toHaveLength(1);
  });

  test("lets a message through that is longer than its rate when the bucket is full, and is paid back first", async () => {
    await limit(4);
    const early = new Date(Date.now() - 60_000);
    const long = makeRow({ segments: 10, acceptedAt: early, dueAt: early });
    await recordAccepted(db, [long, ...makeRows(3), makeRow({ lane: "high" })]);
    const first = await claimDue(db, REQUEST);
    expect(first.messages.map(({ id }) => id)).toEqual([long.id]);
    // 6 in debt; the next one needs 1, above the 1 that is the high lane's: 8 at 4 a second.
    expect(first.waitMs).toBeGreaterThan(1_999);
    expect(first.waitMs).toBeLessThanOrEqual(2_000);
    expect((await claimDue(db, { ...REQUEST, lane: "high" })).messages).toEqual([]);
    await letPass(2_000);
    expect((await claimDue(db, REQUEST)).messages.length).toBeGreaterThan(0);
  });

  test("never lets short messages overtake a long one", async () => {
    await limit(1_000);
    const early = new Date(Date.now() - 60_000);
    const long = makeRow({ segments: 800, acceptedAt: early, dueAt: early });
    await recordAccepted(db, [long, ...makeRows(30)]);
    await leave(210);
    expect((await claimDue(db, REQUEST)).messages).toEqual([]);
    await letPass(1_000);
    expect((await claimDue(db, REQUEST)).messages.map(({ id }) => id)).toEqual([long.id]);
  });

  test("fills again although the clock was set back", async () => {
    await limit(5);
    await recordAccepted(db, makeRows(20));
    expect((await claimDue(db, REQUEST)).messages).toHaveLength(4);
    await leave(-1_000);
    await letPass(-3_600_000);
    expect((await claimDue(db, REQUEST)).messages).toHaveLength(4);
    await ask(db, "update providers set held_until = now() + interval '1 h'");
    await letPass(60_000);
    expect((await claimDue(db, REQUEST)).messages).toHaveLength(4);
  });

  test.each([
    [3, 1],
    [40, 1],
    [25, 6],
  ])(
    "never exceeds %i segments a second over any time, with messages of up to %i, and reaches it",
    async (rate, longest) => {
      await limit(rate);
      const rows = makeRows(400).map((row, index) => ({
        ...row,
        segments: 1 + ((index * 7) % longest),
        lane: (["high", "normal", "bulk"] as const)[index % 3] ?? "bulk",
      }));
      await recordAccepted(db, rows);
      const endAtMs = performance.now() + 3_000;
      const work = async (pool: Database, lane: ClaimRequest["lane"]): Promise<number> => {
        let claimed = 0;
        for (let turn = 0; turn < 5_000 && performance.now() < endAtMs; turn += 1) {
          claimed += segmentsOf(await claimDue(pool, { ...REQUEST, lane, slots: 1 + (turn % 20) }));
        }
        return claimed;
      };
      const workers = [db, other].flatMap((pool) => [work(pool, "high"), work(pool, "normal"), work(pool, "bulk")]);
      const total = (await Promise.all(workers)).reduce((sum, claimed) => sum + claimed, 0);
      const opened = await ask<{ ms: number; segments: number }>(
        db,
        `select extract(epoch from started_at)::float8 * 1000 as ms, m.segments
       from attempts a join messages m on m.id = a.message_id order by started_at`,
      );
      expect(opened.reduce((sum, { segments }) => sum + segments, 0)).toBe(total);
      for (const [from, first] of opened.entries()) {
        let sum = 0;
        for (const { ms, segments } of opened.slice(from)) {
          sum += segments;
          // Times are kept in whole milliseconds.
          expect(sum).toBeLessThanOrEqual((rate * (ms - first.ms + 2)) / 1000 + rate + longest);
        }
      }
      // Four seconds' worth: a full bucket at the beginning, and what came in. A busy machine leaves some of it unused.
      expect(total).toBeGreaterThan(rate * 3 * 0.8);
    },
  );

  test("is max_in_flight over all workers, of which a fifth is the high lane's alone", async () => {
    await setProviderLimits(db, "twilio", { maxInFlight: 10 });
    await recordAccepted(db, [...makeRows(40), ...makeRows(40, { lane: "bulk" }), ...makeRows(40, { lane: "high" })]);
    const others = [db, other].flatMap((pool) =>
      (["normal", "bulk"] as const).map((lane) => claimDue(pool, { ...REQUEST, lane, slots: 6 })),
    );
    expect((await Promise.all(others)).flatMap(({ messages }) => messages)).toHaveLength(8);
    const high = await Promise.all([db, other].map((pool) => claimDue(pool, { ...REQUEST, lane: "high", slots: 6 })));
    const claimed = high.flatMap(({ messages }) => messages);
    expect(claimed).toHaveLength(2);
    expect(high.every(({ waitMs }) => waitMs === null)).toBe(true);
    await changeMessages(
      db,
      claimed.map(({ id }) => id),
      "submit",
      () => ({ status: "sent", attempts: [{ number: 1, outcome: "accepted" }] }),
    );
    expect((await claimDue(db, REQUEST)).messages).toEqual([]);
    await setProviderLimits(db, "twilio", { maxInFlight: 11 });
    expect((await claimDue(db, REQUEST)).messages).toEqual([]);
  });

  test("serves every lane with a single slot", async () => {
    await setProviderLimits(db, "twilio", { maxInFlight: 1 });
    await recordAccepted(db, [makeRow({ lane: "bulk" }), makeRow({ lane: "high" })]);
    expect((await claimDue(db, { ...REQUEST, lane: "bulk" })).messages).toHaveLength(1);
    expect((await claimDue(db, { ...REQUEST, lane: "high" })).messages).toEqual([]);
  });

  test("is nothing while it wants us to wait: a minute at most, and never less than it said last", async () => {
    await recordAccepted(db, makeRows(3));
    await holdProvider(db, "twilio", 3_600_000);
    await holdProvider(db, "twilio", 500);
    const held = await claimDue(db, REQUEST);
    expect(held.messages).toEqual([]);
    expect(held.waitMs).toBeGreaterThan(50_000);
    expect(held.waitMs).toBeLessThanOrEqual(60_000);
    await ask(db, "update providers set held_until = now() - interval '1 s'");
    expect((await claimDue(db, REQUEST)).messages).toHaveLength(3);
  });

  test.each([
    ["open", 0, 0, 0],
    ["half_open", 0, 1, 1],
    ["half_open", 1, 6, 8],
    ["half_open", 3, 25, 32],
    ["closed", 0, 51, 64],
  ])("follows its circuit: %s, step %i", async (state, step, normal, all) => {
    await ask(
      db,
      "update providers set max_in_flight = 64, circuit_state = $1, circuit_step = $2 where name = 'twilio'",
      [state, step],
    );
    await recordAccepted(db, [...makeRows(70), ...makeRows(70, { lane: "high" })]);
    expect((await claimDue(db, REQUEST)).messages).toHaveLength(normal);
    await claimDue(other, { ...REQUEST, lane: "high" });
    expect(await count(db, "attempts")).toBe(all);
  });
});
