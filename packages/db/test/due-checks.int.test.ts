import { describeWith } from "@sms-gateway/testkit";
import { beforeEach, expect, test } from "vitest";
import {
  type AttemptChange,
  changeMessages,
  claimDue,
  type Database,
  expireLeases,
  findForeignIds,
  findMessage,
  hasRivals,
  markUnlooked,
  moveChecks,
  type RecordRow,
  recordAccepted,
  takeUnknownAttempts,
  takeUnreportedAttempts,
} from "../src/index.ts";
import { ask } from "./ask.ts";
import { makeRow } from "./record-rows.ts";
import { CLIENT_ID, useDatabase } from "./test-database.ts";

const TAKE = { provider: "twilio", limit: 10, takenForMs: 30_000, first: false };

describeWith("postgres", "attempts that are looked at again", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;

  beforeEach(async () => {
    db ??= database.open(6);
    await ask(db, "truncate messages, attempts, events");
  });

  /** Records and claims one message, and ends its attempt like that. */
  async function claimAndEnd(change: Omit<AttemptChange, "number">, changes: Partial<RecordRow> = {}): Promise<string> {
    const row = makeRow(changes);
    await recordAccepted(db, [row]);
    await claimDue(db, { lane: row.lane, provider: "twilio", slots: 1, leaseMs: 30_000, afterClientId: null });
    await end(row.id, change);
    return row.id;
  }

  const end = (id: string, change: Omit<AttemptChange, "number">) =>
    changeMessages(db, [id], "submit", () => ({
      ...(change.outcome === "accepted" ? { status: "sent" } : {}),
      attempts: [{ number: 1, ...change }],
    }));

  /** Seconds until the next look; null: never. */
  async function lookInS(id: string): Promise<number | null> {
    const [row] = await ask<{ s: number | null }>(
      db,
      "select round(extract(epoch from check_at - now()))::int as s from attempts where message_id = $1",
      [id],
    );
    return row?.s ?? null;
  }

  test("are due at once when nobody knows their outcome, and later when a report is waited for", async () => {
    const unknown = await claimAndEnd({ outcome: "unknown" });
    const sent = await claimAndEnd({ outcome: "accepted", providerMessageId: "SM1", checkInMs: 45_000 });
    const refused = await claimAndEnd({ outcome: "try_later" });
    expect(await lookInS(unknown)).toBeLessThanOrEqual(0);
    expect(await lookInS(sent)).toBeGreaterThan(40);
    expect(await lookInS(refused)).toBeNull();
    const [row] = await takeUnknownAttempts(db, TAKE);
    expect(row).toMatchObject({ messageId: unknown, attemptNumber: 1, account: "lab", messageStatus: "sending" });
    expect(row).toMatchObject({ toNumber: "+12025550123", fromNumber: "GATEWAY", clientId: CLIENT_ID, finalAt: null });
    expect(await takeUnreportedAttempts(db, TAKE)).toEqual([]);
  });

  test("are due once their lease is over", async () => {
    const row = makeRow();
    await recordAccepted(db, [row]);
    await claimDue(db, { lane: row.lane, provider: "twilio", slots: 1, leaseMs: 0, afterClientId: null });
    expect(await takeUnknownAttempts(db, TAKE)).toEqual([]);
    await expireLeases(db, 10);
    expect(await takeUnknownAttempts(db, TAKE)).toMatchObject([{ messageId: row.id }]);
  });

  test("go to one taker at a time, and are due again when the taker dies", async () => {
    const ids = [await claimAndEnd({ outcome: "unknown" }), await claimAndEnd({ outcome: "unknown" })];
    const taken = await Promise.all([takeUnknownAttempts(db, TAKE), takeUnknownAttempts(db, TAKE)]);
    expect(
      taken
        .flat()
        .map(({ messageId }) => messageId)
        .sort(),
    ).toEqual(ids.sort());
    expect(await takeUnknownAttempts(db, TAKE)).toEqual([]);
    await ask(db, "update attempts set check_at = check_at - interval '31 s'");
    expect(await takeUnknownAttempts(db, { ...TAKE, limit: 1 })).toHaveLength(1);
    expect(await takeUnknownAttempts(db, { ...TAKE, provider: "plivo" })).toEqual([]);
  });

  test("keep the time that a settlement gave them when their taker moves them", async () => {
    const [moved, settled] = [await claimAndEnd({ outcome: "unknown" }), await claimAndEnd({ outcome: "unknown" })];
    const taken = await takeUnknownAttempts(db, TAKE);
    await end(settled, { outcome: "accepted", providerMessageId: "SM1", checkInMs: 45_000 });
    await moveChecks(
      db,
      taken.map((check) => ({ ...check, checkInMs: 600_000 })),
    );
    expect(await lookInS(moved)).toBeGreaterThan(590);
    expect(await lookInS(settled)).toBeLessThanOrEqual(45);
    const never = await ask(db, "update attempts set check_at = now() - interval '1 s' returning message_id");
    expect(never).toHaveLength(2);
    await moveChecks(
      db,
      (await takeUnknownAttempts(db, TAKE)).map((check) => ({ ...check, checkInMs: null })),
    );
    expect(await lookInS(moved)).toBeNull();
  });

  test("are not looked at any longer with a final report, and stay as they are with any other", async () => {
    const id = await claimAndEnd({ outcome: "accepted", providerMessageId: "SM1", checkInMs: 45_000 });
    const report = (reportStatus: "sent" | "delivered") =>
      changeMessages(db, [id], "report", () => ({ attempts: [{ number: 1, reportStatus }] }));
    await report("sent");
    expect(await lookInS(id)).toBeGreaterThan(40);
    await report("delivered");
    expect(await lookInS(id)).toBeNull();
  });

  test("close their message as sent with an event of its own, and a late report still applies", async () => {
    const id = await claimAndEnd({ outcome: "accepted", providerMessageId: "SM1", checkInMs: 0 }, { smsType: "otp" });
    const changes = await changeMessages(db, [id], "report", () => ({
      reportMissing: true,
      attempts: [{ number: 1, checkInMs: null }],
      eventDetail: { provider: "twilio" },
    }));
    expect(changes).toEqual([]);
    const closed = await findMessage(db, CLIENT_ID, id);
    expect(closed).toMatchObject({ status: "sent", text: null, finalAt: expect.any(Date) });
    expect(closed?.events.at(-1)).toMatchObject({ sequence: 5, type: "message.report_missing" });
    await changeMessages(db, [id], "report", () => ({
      status: "delivered",
      attempts: [{ number: 1, reportStatus: "delivered" }],
    }));
    expect((await findMessage(db, CLIENT_ID, id))?.events.at(-1)).toMatchObject({ sequence: 6 });
  });

  test("know which of a provider's ids belong to others, and who else may be meant", async () => {
    const id = await claimAndEnd({ outcome: "unknown" });
    const other = await claimAndEnd({ outcome: "unknown" });
    const elsewhere = await claimAndEnd({ outcome: "unknown" }, { toNumber: "+12025550199" });
    const [check] = (await takeUnknownAttempts(db, TAKE)).filter(({ messageId }) => messageId === id);
    if (check === undefined) throw new Error("nothing was taken");
    expect(await hasRivals(db, check)).toBe(true);
    await end(other, { outcome: "accepted", providerMessageId: "SM-other" });
    expect(await hasRivals(db, check)).toBe(false);
    await end(elsewhere, { outcome: "accepted", providerMessageId: "SM-elsewhere" });
    expect(await findForeignIds(db, check, ["SM-other", "SM-own"])).toEqual(new Set(["SM-other"]));
    await end(id, { outcome: "accepted", providerMessageId: "SM-own" });
    expect(await findForeignIds(db, check, ["SM-other", "SM-own"])).toEqual(new Set(["SM-other"]));
  });

  test("are taken apart from codes and alerts, for which no backlog of others stands in the way", async () => {
    const other = await claimAndEnd({ outcome: "unknown" });
    const code = await claimAndEnd({ outcome: "unknown" }, { smsType: "otp" });
    const first = { ...TAKE, limit: 1, first: true };
    expect(await takeUnknownAttempts(db, first)).toMatchObject([{ messageId: code, smsType: "otp" }]);
    expect(await takeUnknownAttempts(db, first)).toEqual([]);
    expect(await takeUnknownAttempts(db, TAKE)).toMatchObject([{ messageId: other }]);
  });

  test("are found although a worker of an older version has settled them without a look, once", async () => {
    const [id, fresh] = [await claimAndEnd({ outcome: "unknown" }), await claimAndEnd({ outcome: "unknown" })];
    const ended = await claimAndEnd({ outcome: "unknown" });
    await ask(db, "update messages set status = 'unknown' where id = $1", [ended]);
    await ask(
      db,
      `update attempts set check_at = null,
         finished_at = case when message_id = $1 then finished_at else finished_at - interval '2 minutes' end`,
      [fresh],
    );
    expect(await takeUnknownAttempts(db, TAKE)).toEqual([]);
    expect(await markUnlooked(db, 10)).toBe(1);
    expect(await takeUnknownAttempts(db, TAKE)).toMatchObject([{ messageId: id }]);
    expect(await markUnlooked(db, 10)).toBe(0);
  });

  test("keep what a rejection was about", async () => {
    const id = await claimAndEnd({ outcome: "rejected", refusalScope: "recipient" });
    let seen: unknown;
    await changeMessages(db, [id], "submit", (_, attempts) => {
      seen = attempts.map(({ refusalScope }) => refusalScope);
      return null;
    });
    expect(seen).toEqual(["recipient"]);
  });

  test("have rivals only among messages that can have been under way at their time", async () => {
    const id = await claimAndEnd({ outcome: "unknown" });
    const other = await claimAndEnd({ outcome: "unknown" });
    const [check] = (await takeUnknownAttempts(db, TAKE)).filter(({ messageId }) => messageId === id);
    if (check === undefined) throw new Error("nothing was taken");
    expect(await hasRivals(db, check)).toBe(true);
    // The ids of both are of now: no message of then.
    const shift = (days: number, at: Date) => new Date(at.getTime() + days * 86_400_000);
    const moved = (days: number) => ({
      ...check,
      startedAt: shift(days, check.startedAt),
      finishedAt: shift(days, check.finishedAt),
    });
    await ask(db, "update attempts set started_at = started_at - interval '1 day' where message_id = $1", [other]);
    expect(await hasRivals(db, moved(-1))).toBe(false);
    await ask(db, "update attempts set finished_at = finished_at + interval '200 days' where message_id = $1", [other]);
    expect(await hasRivals(db, moved(99))).toBe(true);
    expect(await hasRivals(db, moved(101))).toBe(false);
  });

  test("are found by their index, however many others there are", async () => {
    await claimAndEnd({ outcome: "unknown" });
    await ask(db, "begin; set local enable_seqscan = off; commit");
    const plan = await ask<Record<string, string>>(
      db,
      `explain select 1 from attempts a where a.provider = 'twilio' and a.check_at is not null and a.outcome = 'unknown'
         and a.check_at <= now() order by a.check_at limit 10`,
    );
    expect(JSON.stringify(plan)).toMatch(/provider_check_at/);
  });
});
