import { randomUUID } from "node:crypto";
import { isAllowedTransition, MESSAGE_STATES, type MessageState } from "@sms-gateway/contracts";
import { describeWith, waitFor } from "@sms-gateway/testkit";
import { beforeEach, expect, test } from "vitest";
import { connectionsOf } from "../src/connections.ts";
import {
  type ClaimedMessage,
  type ClaimRequest,
  cancelMessage,
  changeMessages,
  claimDue,
  type Database,
  findMessage,
  giveBackClaims,
  openDatabase,
  type RecordRow,
  recordAccepted,
  setProviderEnabled,
  setProviderPaused,
} from "../src/index.ts";
import { inTransaction } from "../src/transaction.ts";
import { ask, count } from "./ask.ts";
import { makeRow, makeRows } from "./record-rows.ts";
import { CLIENT_ID, useDatabase } from "./test-database.ts";

const REQUEST: ClaimRequest = { lane: "normal", provider: "twilio", slots: 10, leaseMs: 30_000, afterClientId: null };

describeWith("postgres", "claimDue", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  let other: Database;

  beforeEach(async () => {
    db ??= database.open(6);
    other ??= database.open(6);
    await ask(db, "truncate messages, attempts, events");
    await ask(db, "update providers set enabled = true, paused = false, max_in_flight = 64");
  });

  test("makes the message sending, opens its attempt and tells everything that a submit needs", async () => {
    const row = makeRow({ simulated: false, providers: ["twilio"], customId: "c", udh: "0500", smsType: "alert" });
    await recordAccepted(db, [row]);
    const { messages, lastClientId } = await claimDue(db, REQUEST);
    expect(lastClientId).toBe(CLIENT_ID);
    expect(messages).toHaveLength(1);
    const { id, clientId, keyId, batchId, toNumber, fromNumber, text, messageType, udh, smsType, encoding } = row;
    expect(messages[0]).toMatchObject({ id, clientId, keyId, batchId, toNumber, fromNumber, text, messageType, udh });
    expect(messages[0]).toMatchObject({ smsType, encoding, lane: "normal", provider: "twilio", account: "live" });
    expect(messages[0]).toMatchObject({ attemptNumber: 1, round: 1, tried: [], providers: ["twilio"], segments: 1 });
    expect(messages[0]?.lifeLeftMs).toBeGreaterThan(3_500_000);
    expect(messages[0]?.request).toEqual(row.request);
    const message = await findMessage(db, CLIENT_ID, row.id);
    expect(message).toMatchObject({ status: "sending", provider: "twilio", attemptCount: 1 });
    expect(message?.attempts).toMatchObject([{ number: 1, provider: "twilio", account: "live", outcome: null }]);
    expect(message?.events.at(-1)).toMatchObject({
      sequence: 3,
      type: "message.sending",
      detail: { provider: "twilio", attempt: 1 },
    });
    const [lease] = await ask(db, "select lease_until - started_at = interval '30 s' as whole from attempts");
    expect(lease).toEqual({ whole: true });
  });

  test("claims a scheduled message once it is due, for the lab when it is simulated", async () => {
    const soon = makeRow({ status: "scheduled", dueAt: new Date(Date.now() + 3_600_000), simulated: true });
    await recordAccepted(db, [soon]);
    expect((await claimDue(db, REQUEST)).messages).toEqual([]);
    await ask(db, "update messages set due_at = now() - interval '1 s'");
    expect((await claimDue(db, REQUEST)).messages).toMatchObject([{ id: soon.id, account: "lab" }]);
    expect((await findMessage(db, CLIENT_ID, soon.id))?.queuedAt).toBeInstanceOf(Date);
  });

  test("leaves other lanes, other providers and messages past their deadline", async () => {
    const overdue = makeRow({ acceptedAt: new Date(Date.now() - 7_200_000) });
    await recordAccepted(db, [makeRow({ lane: "high" }), makeRow({ plannedProvider: "plivo" }), overdue]);
    await recordAccepted(db, [makeRow({ plannedProvider: null })]);
    expect(await claimDue(db, REQUEST)).toMatchObject({ messages: [], lastClientId: CLIENT_ID, waitMs: null });
    expect(await count(db, "attempts")).toBe(0);
  });

  test("claims nothing for a provider that is disabled, paused or unknown", async () => {
    await recordAccepted(db, [makeRow(), makeRow({ plannedProvider: "nobody" })]);
    await setProviderEnabled(db, "twilio", false);
    expect((await claimDue(db, REQUEST)).messages).toEqual([]);
    await setProviderEnabled(db, "twilio", true);
    await setProviderPaused(db, "twilio", true, "credentials");
    expect((await claimDue(db, REQUEST)).messages).toEqual([]);
    await setProviderPaused(db, "twilio", false, null);
    expect((await claimDue(db, { ...REQUEST, provider: "nobody" })).messages).toEqual([]);
    expect((await claimDue(db, { ...REQUEST, slots: 0 })).messages).toEqual([]);
    expect((await claimDue(db, REQUEST)).messages).toHaveLength(1);
  });

  test("never gives one message to two workers, and gives every message to one", async () => {
    const clients = Array.from({ length: 7 }, () => randomUUID());
    const rows = clients.flatMap((clientId) => makeRows(60, { clientId }));
    await recordAccepted(db, rows);
    await ask(db, "update providers set max_in_flight = 1000");
    const drain = async (pool: Database): Promise<ClaimedMessage[]> => {
      const taken: ClaimedMessage[] = [];
      let afterClientId: string | null = null;
      for (;;) {
        const claim = await claimDue(pool, { ...REQUEST, slots: 9, afterClientId });
        if (claim.messages.length === 0) return taken;
        taken.push(...claim.messages);
        afterClientId = claim.lastClientId;
      }
    };
    const taken = (await Promise.all([drain(db), drain(other), drain(db), drain(other)])).flat();
    expect(taken.map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id).sort());
    expect(await count(db, "attempts", "number = 1 and outcome is null")).toBe(rows.length);
    expect(await count(db, "events", "type = 'message.sending' and sequence = 3")).toBe(rows.length);
  });

  test("finds what one client has due behind hundreds of clients with nothing due yet, in one claim", async () => {
    const ids = Array.from({ length: 1_200 }, () => randomUUID()).sort();
    const scheduled = { status: "scheduled", dueAt: new Date(Date.now() + 3_600_000) } as const;
    await recordAccepted(
      db,
      ids.map((clientId) => makeRow({ clientId, ...scheduled })),
    );
    for (const [afterClientId, clientId] of [
      [null, ids.at(-1)],
      [ids[600], ids[599]],
      [ids[600], ids[0]],
    ] as const) {
      const due = makeRow(clientId === undefined ? {} : { clientId });
      expect((await claimDue(db, { ...REQUEST, afterClientId: afterClientId ?? null })).messages).toEqual([]);
      await recordAccepted(db, [due]);
      const claim = await claimDue(db, { ...REQUEST, afterClientId: afterClientId ?? null });
      expect(claim.messages.map(({ id }) => id)).toEqual([due.id]);
    }
  });

  test("never opens more attempts than max_in_flight, over all workers and lanes", async () => {
    await recordAccepted(db, [...makeRows(40), ...makeRows(40, { lane: "high" }), ...makeRows(40, { lane: "bulk" })]);
    await ask(db, "update providers set max_in_flight = 25 where name = 'twilio'");
    const lanes = ["normal", "high", "bulk"] as const;
    const claims = lanes.flatMap((lane) => [db, other].map((pool) => claimDue(pool, { ...REQUEST, lane, slots: 20 })));
    const messages = (await Promise.all(claims)).flatMap((claim) => claim.messages);
    expect(messages).toHaveLength(25);
    expect((await claimDue(db, REQUEST)).messages).toEqual([]);
    const done = messages.slice(0, 4).map(({ id }) => id);
    await changeMessages(db, done, "submit", () => ({
      status: "sent",
      attempts: [{ number: 1, outcome: "accepted" }],
    }));
    expect((await claimDue(other, { ...REQUEST, lane: "high" })).messages).toHaveLength(4);
  });

  test("serves clients in turn: a small client waits for one message of each other, not for a campaign", async () => {
    const [big = "", small = "", third = ""] = Array.from({ length: 3 }, () => randomUUID()).sort();
    await recordAccepted(db, makeRows(300, { clientId: big }));
    await recordAccepted(db, [...makeRows(2, { clientId: small }), ...makeRows(3, { clientId: third })]);
    const first = await claimDue(db, { ...REQUEST, slots: 5 });
    expect(first.messages.map(({ clientId }) => clientId)).toEqual([big, small, third, big, small]);
    expect(first.lastClientId).toBe(small);
    const second = await claimDue(db, { ...REQUEST, slots: 5, afterClientId: first.lastClientId });
    expect(second.messages.map(({ clientId }) => clientId)).toEqual([third, big, third, big, big]);
    const last = await claimDue(db, { ...REQUEST, slots: 2, afterClientId: third });
    expect(last.messages.map(({ clientId }) => clientId)).toEqual([big, big]);
  });

  test("tells whether it has left something behind that no time brings", async () => {
    const [big = "", small = ""] = [randomUUID(), randomUUID()].sort();
    const mayBeMore = async (changes: Partial<ClaimRequest>) =>
      (await claimDue(db, { ...REQUEST, ...changes })).mayBeMore;
    await recordAccepted(db, makeRows(3, { clientId: big }));
    expect(await mayBeMore({ slots: 4 })).toBe(false);
    expect(await mayBeMore({ slots: 4 })).toBe(false);
    // Calls must end first.
    await recordAccepted(db, makeRows(3, { clientId: big }));
    await ask(db, "update providers set max_in_flight = 5 where name = 'twilio'");
    expect(await mayBeMore({ slots: 4, lane: "normal" })).toBe(true);
    // All that was due was claimed, though other calls have taken slots.
    await ask(db, "update messages set status = 'canceled' where status = 'queued'");
    await ask(db, "update providers set max_in_flight = 10 where name = 'twilio'");
    await recordAccepted(db, makeRows(1, { clientId: big }));
    const alone = await claimDue(db, { ...REQUEST, slots: 10 });
    expect([alone.messages.length, alone.mayBeMore]).toEqual([1, false]);
    await ask(db, "update providers set max_in_flight = 64 where name = 'twilio'");
    // One client had as much as one may have.
    await recordAccepted(db, [...makeRows(30, { clientId: big }), ...makeRows(1, { clientId: small })]);
    const others = Array.from({ length: 8 }, () => makeRow({ clientId: randomUUID() }));
    await recordAccepted(db, others);
    const shared = await claimDue(db, { ...REQUEST, slots: 20 });
    expect(shared.messages.length).toBeLessThan(20);
    expect(shared.mayBeMore).toBe(true);
    // Clients beyond the look: it takes 200 more than there are slots.
    await ask(db, "truncate messages, attempts, events");
    const [near = "", ...clients] = Array.from({ length: 250 }, () => randomUUID()).sort();
    const far = clients.at(-1) ?? "";
    const later = new Date(Date.now() + 3_600_000);
    await recordAccepted(
      db,
      clients.map((clientId) => makeRow({ clientId, status: "scheduled", dueAt: later })),
    );
    await recordAccepted(db, [makeRow({ clientId: near }), makeRow({ clientId: far })]);
    const first = await claimDue(db, { ...REQUEST, slots: 20 });
    expect([first.messages.length, first.mayBeMore]).toEqual([1, true]);
  });

  test("tells that rows which somebody else holds have taken the places of others", async () => {
    const rows = makeRows(6).map((row, index) => ({ ...row, dueAt: new Date(Date.now() - 60_000 + index * 1_000) }));
    await recordAccepted(db, rows);
    await inTransaction(db, async (tx) => {
      await tx.query("select 1 from messages where id = $1 for update", [rows[0]?.id]);
      const { messages, mayBeMore } = await claimDue(other, { ...REQUEST, slots: 4 });
      expect([messages.length, mayBeMore]).toEqual([3, true]);
    });
  });

  test("takes each client's longest due message first", async () => {
    const rows = makeRows(20).map((row, index) => ({
      ...row,
      dueAt: new Date(Date.now() - ((index * 7) % 20) * 1000),
    }));
    await recordAccepted(db, rows);
    const byAge = [...rows].sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime()).map(({ id }) => id);
    expect((await claimDue(db, { ...REQUEST, slots: 20 })).messages.map(({ id }) => id)).toEqual(byAge);
  });

  test("comes to every client although hundreds of others have only scheduled messages", async () => {
    const later = new Date(Date.now() + 3_600_000);
    const clients = Array.from({ length: 700 }, () => randomUUID()).sort();
    const [first = "", ...others] = clients;
    const last = others.pop() ?? "";
    await recordAccepted(
      db,
      others.map((clientId) => makeRow({ clientId, status: "scheduled", dueAt: later })),
    );
    await recordAccepted(db, [...makeRows(50, { clientId: first }), ...makeRows(1, { clientId: last })]);
    const served: string[] = [];
    let afterClientId: string | null = null;
    for (let turn = 0; turn < 8 && !served.includes(last); turn += 1) {
      const claim = await claimDue(db, { ...REQUEST, slots: 5, afterClientId });
      served.push(...claim.messages.map(({ clientId }) => clientId));
      afterClientId = claim.lastClientId;
    }
    expect(served).toContain(last);
  });

  test("does not wait for rows that somebody else holds", async () => {
    const rows = makeRows(3);
    await recordAccepted(db, rows);
    const holder = await connectionsOf(other).pool.connect();
    await holder.query("begin");
    await holder.query("select 1 from messages where id = $1 for update", [rows[1]?.id]);
    const { messages } = await claimDue(db, REQUEST);
    await holder.query("commit");
    holder.release();
    expect(messages.map(({ id }) => id).sort()).toEqual([rows[0]?.id, rows[2]?.id].sort());
    expect((await claimDue(db, REQUEST)).messages).toMatchObject([{ id: rows[1]?.id }]);
  });

  test("gives back what was claimed when the answer was lost, and nothing else", async () => {
    const [lost, kept] = [makeRow(), makeRow()];
    const [lostId, keptId] = [randomUUID(), randomUUID()];
    await recordAccepted(db, [lost]);
    await claimDue(db, { ...REQUEST, claimId: lostId });
    await recordAccepted(db, [kept]);
    await claimDue(db, { ...REQUEST, claimId: keptId });
    const { claimIds, changes } = await giveBackClaims(db, [lostId, randomUUID()]);
    expect(claimIds).toEqual([lostId]);
    expect(changes).toMatchObject([{ id: lost.id, from: "sending", to: "queued" }]);
    expect(await findMessage(db, CLIENT_ID, kept.id)).toMatchObject({
      status: "sending",
      attempts: [{ outcome: null }],
    });
    expect(await findMessage(db, CLIENT_ID, lost.id)).toMatchObject({
      status: "queued",
      attempts: [{ outcome: "try_later", errorCode: "CLAIM_LOST" }],
    });
    expect(await giveBackClaims(db, [lostId])).toEqual({ claimIds: [], changes: [] });
    await ask(db, "update attempts set outcome = 'unknown' where outcome is null");
    expect((await giveBackClaims(db, [keptId])).changes).toMatchObject([{ id: kept.id, to: "queued" }]);
    await ask(db, "update messages set due_at = now() + interval '1 h' where id = $1", [kept.id]);
    expect((await claimDue(db, REQUEST)).messages).toMatchObject([{ id: lost.id, attemptNumber: 2, tried: [] }]);
  });

  test("loses or wins against a cancel at the same moment, never both", async () => {
    const rows = makeRows(120);
    await recordAccepted(db, rows);
    await ask(db, "update providers set max_in_flight = 1000");
    const cancels = rows.map(({ id }) => cancelMessage(other, CLIENT_ID, id));
    const claims = Array.from({ length: 12 }, () => claimDue(db, REQUEST));
    const canceled = (await Promise.all(cancels)).filter(({ result }) => result === "canceled").length;
    const claimed = (await Promise.all(claims)).reduce((sum, { messages }) => sum + messages.length, 0);
    expect(await count(db, "messages", "status = 'canceled' and attempt_count = 0")).toBe(canceled);
    expect(await count(db, "messages", "status = 'sending' and attempt_count = 1")).toBe(claimed);
    expect(await count(db, "messages", "status = 'queued'")).toBe(120 - canceled - claimed);
    expect(await count(db, "attempts")).toBe(claimed);
  });

  test.each([
    ["before the tables have statistics", false],
    ["after", true],
  ])("reads little more than it claims, however much is due, %s", async (_, analyzed) => {
    const clients = Array.from({ length: 20 }, () => randomUUID());
    await recordAccepted(
      db,
      Array.from({ length: 12_000 }, (__, index) => makeRow({ clientId: clients[index % 20] ?? CLIENT_ID })),
    );
    await ask(db, "update providers set max_in_flight = 1000");
    if (analyzed) await ask(db, "analyze messages");
    const before = await countRowsRead();
    const pool = openDatabase({ url: database.url(), poolMax: 1 });
    let afterClientId: string | null = null;
    for (let turn = 0; turn < 10; turn += 1) {
      const claim = await claimDue(pool, { ...REQUEST, slots: 40, afterClientId });
      expect(claim.messages).toHaveLength(40);
      afterClientId = claim.lastClientId;
    }
    // A backend hands in its statistics when it ends, at the latest.
    await pool.close();
    const read = await waitFor(async () => Math.max(0, (await countRowsRead()) - before - 400), {
      what: "the statistics of the claims, which fetch their 400 messages at least",
    });
    expect(read).toBeLessThan(10_000);
  });

  /** Entries that were read of the indexes of all months, be it for a bitmap. */
  async function countRowsRead(): Promise<number> {
    const [stats] = await ask<{ read: number }>(
      db,
      "select sum(idx_tup_read)::int as read from pg_stat_user_indexes where relname like 'messages_%'",
    );
    return stats?.read ?? 0;
  }

  test("claims from exactly those states that the table allows", async () => {
    const rows = makeRows(MESSAGE_STATES.length);
    await recordAccepted(db, rows);
    for (const [index, state] of MESSAGE_STATES.entries()) {
      await ask(db, "update messages set status = $1 where id = $2", [state, rows[index]?.id]);
    }
    const claimed = (await claimDue(db, { ...REQUEST, slots: 50 })).messages.map(({ id }) => id);
    const allowed = MESSAGE_STATES.filter((state) => isAllowedTransition(state, "sending", "claim"));
    expect(claimed.sort()).toEqual(allowed.map((state) => rows[MESSAGE_STATES.indexOf(state)]?.id).sort());
  });

  test("records exactly those states that the table allows", async () => {
    const states: readonly RecordRow["status"][] = ["queued", "scheduled", "rejected", "expired"];
    await recordAccepted(
      db,
      states.map((status) => makeRow({ status, dueAt: new Date(Date.now() + 60_000) })),
    );
    // The stand-in for a row that the database refuses.
    await recordAccepted(db, [makeRow({ segments: 2 ** 40 })]);
    const recorded = await ask<{ status: MessageState }>(db, "select distinct status from messages");
    const allowed = MESSAGE_STATES.filter((state) => isAllowedTransition("accepted", state, "record"));
    expect(recorded.map(({ status }) => status).sort()).toEqual([...allowed].sort());
  });
});
