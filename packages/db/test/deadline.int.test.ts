import { isAllowedTransition, MESSAGE_STATES } from "@sms-gateway/contracts";
import { describeWith } from "@sms-gateway/testkit";
import { beforeEach, expect, test } from "vitest";
import {
  cancelMessage,
  changeMessages,
  claimDue,
  countForgotten,
  type Database,
  expireLeases,
  expireOverdue,
  findMessage,
  findStranded,
  type RecordRow,
  recordAccepted,
  setProviderAccounts,
  setProviderPaused,
  takeUnknownAttempts,
} from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { makeRow, makeRows } from "./record-rows.ts";
import { CLIENT_ID, PROVIDERS, useDatabase } from "./test-database.ts";

describeWith("postgres", "deadlines, leases and cancellation", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;

  beforeEach(async () => {
    db ??= database.open(6);
    await ask(db, "truncate messages, attempts, events");
    await setProviderAccounts(
      db,
      PROVIDERS.map((provider) => ({ provider, kind: "lab" as const, adapter: "twilio" })),
    );
  });

  async function record(...rows: RecordRow[]): Promise<void> {
    await recordAccepted(db, rows);
  }

  /** Records and claims one message. */
  async function claimOne(changes: Partial<RecordRow> = {}, leaseMs = 30_000): Promise<string> {
    const row = makeRow(changes);
    await record(row);
    await claimDue(db, { lane: row.lane, provider: "twilio", slots: 1, leaseMs, afterClientId: null });
    return row.id;
  }

  async function overdue(id: string): Promise<void> {
    await ask(db, "update messages set expire_at = now() - interval '1 ms' where id = $1", [id]);
  }

  /** When its first attempt is looked at next. */
  async function checkAtOf(id: string): Promise<Date | null | undefined> {
    const [row] = await ask<{ check_at: Date | null }>(db, "select check_at from attempts where message_id = $1", [id]);
    return row?.check_at;
  }

  async function statusOf(id: string): Promise<string | undefined> {
    return (await findMessage(db, CLIENT_ID, id))?.status;
  }

  test("expires what is queued or scheduled past its deadline, and erases a one-time password", async () => {
    const past = { expireAt: new Date(Date.now() - 1) };
    const [queued, scheduled, alive] = [
      makeRow({ ...past, smsType: "otp" }),
      makeRow({ ...past, status: "scheduled", dueAt: new Date(Date.now() + 60_000) }),
      makeRow(),
    ];
    await record(queued, scheduled, alive);
    const changes = await expireOverdue(db, 10);
    expect(changes.map(({ from, to, cause }) => [from, to, cause]).sort()).toEqual([
      ["queued", "expired", "deadline"],
      ["scheduled", "expired", "deadline"],
    ]);
    const message = await findMessage(db, CLIENT_ID, queued.id);
    expect(message).toMatchObject({ status: "expired", text: null, error: { code: "EXPIRED" } });
    expect(message?.events.at(-1)).toMatchObject({ sequence: 3, type: "message.expired" });
    expect(await statusOf(alive.id)).toBe("queued");
    expect(await expireOverdue(db, 10)).toEqual([]);
  });

  test("expires no more at once than it is asked for", async () => {
    await record(...makeRows(12, { expireAt: new Date(Date.now() - 1) }));
    expect(await expireOverdue(db, 5)).toHaveLength(5);
    expect(await expireOverdue(db, 50)).toHaveLength(7);
  });

  test("waits at the deadline for an attempt whose lease is running", async () => {
    const id = await claimOne();
    await overdue(id);
    expect(await expireOverdue(db, 10)).toEqual([]);
    expect(await statusOf(id)).toBe("sending");
  });

  test("ends a sending message as unknown when only attempts of unknown outcome or past their lease are left", async () => {
    const dead = await claimOne({}, 0);
    const unanswered = await claimOne();
    await changeMessages(db, [unanswered], "submit", () => ({ attempts: [{ number: 1, outcome: "unknown" }] }));
    await Promise.all([overdue(dead), overdue(unanswered)]);
    expect((await expireOverdue(db, 10)).map(({ to }) => to)).toEqual(["unknown", "unknown"]);
    for (const id of [dead, unanswered]) {
      const message = await findMessage(db, CLIENT_ID, id);
      expect(message).toMatchObject({ status: "unknown", error: { code: "OUTCOME_UNKNOWN" } });
      expect(message?.attempts).toMatchObject([{ outcome: "unknown" }]);
      expect(message?.attempts[0]?.finishedAt).toBeInstanceOf(Date);
    }
  });

  test("ends a message unknown, never expired, that waits to be sent once more, and never cancels it", async () => {
    const id = await claimOne();
    await changeMessages(db, [id], "submit", () => ({
      status: "queued",
      attempts: [{ number: 1, outcome: "unknown" }],
    }));
    expect(await cancelMessage(db, CLIENT_ID, id)).toEqual({ result: "conflict", status: "queued" });
    await overdue(id);
    expect(await expireOverdue(db, 10)).toMatchObject([{ id, from: "queued", to: "unknown", cause: "deadline" }]);
    expect(await checkAtOf(id)).toBeNull();
  });

  test("ends a sending message of which all is known as it is known", async () => {
    const id = await claimOne();
    await changeMessages(db, [id], "submit", () => ({
      attempts: [
        { number: 1, outcome: "unknown", reportStatus: "undelivered", errorCode: "30003", errorMessage: "Away" },
      ],
    }));
    const refused = await claimOne();
    await changeMessages(db, [refused], "submit", () => ({ attempts: [{ number: 1, outcome: "try_later" }] }));
    await ask(db, "update messages set expire_at = now() - interval '1 ms'");
    await expireOverdue(db, 10);
    expect(await findMessage(db, CLIENT_ID, id)).toMatchObject({ status: "undelivered", error: { code: "30003" } });
    expect(await findMessage(db, CLIENT_ID, refused)).toMatchObject({ status: "expired", error: { code: "EXPIRED" } });
  });

  test("gives attempts whose lease is over the outcome unknown; the message stays sending", async () => {
    const dead = await claimOne({}, 0);
    const alive = await claimOne();
    const lease = { messageId: dead, attemptNumber: 1, provider: "twilio", account: "lab" };
    expect(await expireLeases(db, 10)).toEqual({ leases: [lease], changes: [] });
    expect(await findMessage(db, CLIENT_ID, dead)).toMatchObject({
      status: "sending",
      attempts: [{ outcome: "unknown" }],
    });
    expect(await findMessage(db, CLIENT_ID, alive)).toMatchObject({ status: "sending", attempts: [{ outcome: null }] });
    expect(await expireLeases(db, 10)).toEqual({ leases: [], changes: [] });
  });

  /** A report that comes while the attempt is open: the message stays sending, for the answer may still tell more. */
  async function report(id: string): Promise<void> {
    const attempts = [{ number: 1, reportStatus: "sent", providerMessageId: "SM1" }] as const;
    await changeMessages(db, [id], "report", () => ({ attempts }));
  }

  test("makes a message sent when its lease ends after a report has proved that the provider has it", async () => {
    const id = await claimOne({}, 0);
    await report(id);
    const { changes } = await expireLeases(db, 10);
    expect(changes).toMatchObject([{ id, from: "sending", to: "sent", cause: "submit" }]);
    expect(await findMessage(db, CLIENT_ID, id)).toMatchObject({
      status: "sent",
      provider: "twilio",
      providerMessageId: "SM1",
      attempts: [{ outcome: "unknown", reportStatus: "sent" }],
    });
  });

  test("ends what a report has proved as sent at the deadline, and goes on to those behind it", async () => {
    const id = await claimOne({}, 0);
    await report(id);
    await overdue(id);
    const behind = makeRow({ expireAt: new Date(Date.now() - 1) });
    await record(behind);
    const changes = [...(await expireOverdue(db, 1)), ...(await expireOverdue(db, 1))];
    expect(changes.map(({ id: changed, to }) => [changed, to]).sort()).toEqual(
      [
        [id, "sent"],
        [behind.id, "expired"],
      ].sort(),
    );
    expect(await findMessage(db, CLIENT_ID, id)).toMatchObject({
      providerMessageId: "SM1",
      attempts: [{ outcome: "unknown" }],
    });
    // It is due to be looked at, for its final report; whoever takes it has seen to it.
    expect(await countForgotten(db, 0)).toEqual({ count: 1, ids: [id] });
    const request = { provider: "twilio", limit: 10, takenForMs: 30_000, first: false };
    expect(await takeUnknownAttempts(db, request)).toMatchObject([{ messageId: id, messageStatus: "sent" }]);
    expect(await countForgotten(db, 0)).toEqual({ count: 0, ids: [] });
  });

  test("counts what is still worked on long after its deadline", async () => {
    const rows = [
      makeRow({ expireAt: new Date(Date.now() - 60_000) }),
      makeRow({ expireAt: new Date(Date.now() - 50_000) }),
    ];
    const sent = makeRow({ expireAt: new Date(Date.now() - 60_000) });
    await record(...rows, sent, makeRow());
    await ask(db, "update messages set status = 'sent' where id = $1", [sent.id]);
    expect(await countForgotten(db, 40_000)).toEqual({ count: 2, ids: rows.map(({ id }) => id) });
    expect(await countForgotten(db, 300_000)).toEqual({ count: 0, ids: [] });
  });

  test("lets a result that comes after its lease settle its own attempt", async () => {
    const id = await claimOne({}, 0);
    await expireLeases(db, 10);
    await changeMessages(db, [id], "submit", () => ({
      status: "sent",
      attempts: [{ number: 1, outcome: "accepted" }],
    }));
    expect(await findMessage(db, CLIENT_ID, id)).toMatchObject({ status: "sent", attempts: [{ outcome: "accepted" }] });
  });

  test("cancels from exactly those states that the table allows, and only the client's own messages", async () => {
    const rows = makeRows(MESSAGE_STATES.length);
    await record(...rows);
    for (const [index, state] of MESSAGE_STATES.entries()) {
      await ask(db, "update messages set status = $1 where id = $2", [state, rows[index]?.id]);
    }
    for (const [index, state] of MESSAGE_STATES.entries()) {
      const id = rows[index]?.id ?? "";
      expect(await cancelMessage(db, "00000000-0000-7000-8000-00000000000f", id)).toEqual({ result: "not_found" });
      const { result, ...facts } = await cancelMessage(db, CLIENT_ID, id);
      if (isAllowedTransition(state, "canceled", "cancel")) expect(result).toBe("canceled");
      else expect({ result, ...facts }).toEqual({ result: "conflict", status: state });
    }
    expect(await cancelMessage(db, CLIENT_ID, makeRow().id)).toEqual({ result: "not_found" });
    expect(await cancelMessage(db, CLIENT_ID, "not-an-id")).toEqual({ result: "not_found" });
  });

  test("leaves a real message alone when only simulated ones are meant", async () => {
    const [real, simulated] = [makeRow({ simulated: false }), makeRow({ simulated: true })];
    await record(real, simulated);
    const only = { simulatedOnly: true };
    expect(await cancelMessage(db, CLIENT_ID, real.id, only)).toEqual({ result: "not_simulated" });
    expect(await cancelMessage(db, CLIENT_ID, simulated.id, only)).toMatchObject({ result: "canceled" });
    expect(await statusOf(real.id)).toBe("queued");
  });

  test("cancels once when asked for twice at the same moment", async () => {
    const row = makeRow({ smsType: "otp" });
    await record(row);
    const results = await Promise.all([cancelMessage(db, CLIENT_ID, row.id), cancelMessage(db, CLIENT_ID, row.id)]);
    expect(results.map(({ result }) => result).sort()).toEqual(["canceled", "conflict"]);
    expect(await findMessage(db, CLIENT_ID, row.id)).toMatchObject({ status: "canceled", text: null });
    expect(await count(db, "events", `message_id = '${row.id}' and type = 'message.canceled'`)).toBe(1);
  });

  const stranded = async (page: Parameters<typeof findStranded>[2] = { limit: 10 }): Promise<string[]> =>
    (await findStranded(db, "normal", page)).map(({ id }) => id);

  test("finds due messages whose planned provider is paused, disabled or missing, page by page", async () => {
    const [paused, none, fine] = [makeRow({ plannedProvider: "plivo" }), makeRow({ plannedProvider: null }), makeRow()];
    const later = makeRow({ plannedProvider: null, status: "scheduled", dueAt: new Date(Date.now() + 60_000) });
    await record(paused, none, fine, later);
    await setProviderPaused(db, "plivo", true, "credentials refused");
    const all = await stranded();
    expect(all).toEqual([paused.id, none.id].sort());
    expect(await findStranded(db, "high", { limit: 10 })).toEqual([]);
    expect(await stranded({ limit: 1 })).toEqual(all.slice(0, 1));
    expect(await stranded({ limit: 10, afterId: all[0] ?? null })).toEqual(all.slice(1));
    await setProviderPaused(db, "plivo", false, null);
    expect(await stranded()).toEqual([none.id]);
  });

  test("tells with a stranded message what a plan needs, and leaves out those without another account of their kind", async () => {
    const [lab, live] = [
      makeRow({ plannedProvider: "plivo" }),
      makeRow({ plannedProvider: "plivo", simulated: false }),
    ];
    await record(lab, live);
    await ask(
      db,
      "insert into attempts (message_id, number, provider, account, lease_until, started_at, outcome) values ($1, 1, 'nexmo', 'lab', now(), now(), 'rejected')",
      [lab.id],
    );
    await setProviderPaused(db, "plivo", true, "credentials refused");
    const { id, providers, messageType, fromNumber, simulated } = lab;
    expect(await findStranded(db, "normal", { limit: 10 })).toMatchObject([
      {
        id,
        plannedProvider: "plivo",
        providers,
        messageType,
        fromNumber,
        simulated,
        tried: [],
        round: 1,
        refusedBy: ["nexmo"],
        inDoubtAt: [],
      },
    ]);
    await setProviderPaused(db, "plivo", false, null);
  });

  test("leaves out what no other provider may take, so that it takes nobody's place", async () => {
    const only = makeRow({ plannedProvider: "plivo", providers: ["plivo"] });
    const movable = makeRow({ plannedProvider: "plivo", providers: ["plivo", "twilio"] });
    await record(only, movable);
    await setProviderPaused(db, "plivo", true, "credentials refused");
    expect(await stranded()).toEqual([movable.id]);
    await setProviderPaused(db, "plivo", false, null);
  });
});
