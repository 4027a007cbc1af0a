import { describeWith } from "@sms-gateway/testkit";
import { beforeEach, expect, test } from "vitest";
import {
  changeMessages,
  claimDue,
  type Database,
  dropOldParkedReports,
  findAttemptByProviderMessageId,
  type NewParkedReport,
  parkReport,
  recordAccepted,
  removeParkedReports,
  takeParkedReports,
} from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { makeRow } from "./record-rows.ts";
import { useDatabase } from "./test-database.ts";

const REPORT: NewParkedReport = {
  provider: "twilio",
  account: "lab",
  providerMessageId: "SM1",
  report: { status: "delivered", nested: { a: 1 } },
  receivedAt: new Date("2026-01-02T03:04:05.678Z"),
};

describeWith("postgres", "parked reports", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;

  beforeEach(async () => {
    db ??= database.open();
    await ask(db, "truncate messages, attempts, events, parked_reports");
  });

  async function submitAs(providerMessageId: string): Promise<string> {
    const row = makeRow();
    await recordAccepted(db, [row]);
    await claimDue(db, { lane: "normal", provider: "twilio", slots: 1, leaseMs: 1_000, afterClientId: null });
    const attempts = [{ number: 1, outcome: "accepted", providerMessageId }] as const;
    await changeMessages(db, [row.id], "submit", () => ({ status: "sent", attempts }));
    return row.id;
  }

  test("are taken once their attempt is known, and stay until they are removed", async () => {
    const id = await parkReport(db, REPORT);
    expect(await takeParkedReports(db, 10)).toEqual([]);
    const messageId = await submitAs("SM1");
    const taken = await takeParkedReports(db, 10);
    expect(taken).toEqual([{ ...REPORT, id, messageId, attemptNumber: 1 }]);
    expect(await takeParkedReports(db, 10)).toEqual([]);
    // Whoever had taken it died.
    await ask(db, "update parked_reports set taken_until = now() - interval '1 s'");
    expect(await takeParkedReports(db, 10)).toEqual(taken);
    await removeParkedReports(db, [id]);
    await removeParkedReports(db, []);
    expect(await count(db, "parked_reports")).toBe(0);
  });

  test("only belong to an attempt of the account that verified them", async () => {
    await submitAs("SM1");
    await parkReport(db, { ...REPORT, account: "live" });
    await parkReport(db, { ...REPORT, provider: "plivo" });
    expect(await takeParkedReports(db, 10)).toEqual([]);
  });

  test("are parked once, however often the queue hands them over", async () => {
    const id = await parkReport(db, REPORT);
    expect(await parkReport(db, REPORT)).toBe(id);
    const later = { ...REPORT, receivedAt: new Date("2026-01-02T03:04:06.000Z") };
    expect(await parkReport(db, later)).not.toBe(id);
    expect(await count(db, "parked_reports")).toBe(2);
  });

  test("go to one taker each, oldest first", async () => {
    await submitAs("SM1");
    const ids: string[] = [];
    for (let index = 0; index < 12; index += 1) {
      ids.push(await parkReport(db, { ...REPORT, report: { index } }));
    }
    expect((await takeParkedReports(db, 2)).map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const taken = await Promise.all([takeParkedReports(db, 6), takeParkedReports(db, 6), takeParkedReports(db, 6)]);
    expect(new Set(taken.flat().map(({ id }) => id)).size).toBe(taken.flat().length);
  });

  test("are dropped when nobody has claimed them for too long", async () => {
    await parkReport(db, REPORT);
    expect(await dropOldParkedReports(db, 60_000)).toBe(0);
    await ask(db, "update parked_reports set parked_at = now() - interval '61 s'");
    expect(await dropOldParkedReports(db, 60_000)).toBe(1);
  });

  test("need the attempt's provider and id to be found directly", async () => {
    expect(await findAttemptByProviderMessageId(db, "twilio", "SM1")).toBeUndefined();
    await submitAs("SM1");
    const newer = await submitAs("SM1");
    expect(await findAttemptByProviderMessageId(db, "twilio", "SM1")).toEqual({
      messageId: newer,
      attemptNumber: 1,
      account: "lab",
    });
    expect(await findAttemptByProviderMessageId(db, "plivo", "SM1")).toBeUndefined();
  });
});
