import { BOOTSTRAP_CLIENT_ID, type ProviderName } from "@sms-gateway/contracts";
import { changeMessages, claimDue, findMessage, recordAccepted } from "@sms-gateway/db";
import type { ProviderAccount, ReadResult } from "@sms-gateway/providers";
import { describeWith, openSql, type Sql, waitFor } from "@sms-gateway/testkit";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { planRecord } from "../src/messages/plan-record.ts";
import { chaseReports } from "../src/reports/chase-reports.ts";
import { createQuestionQuota, type QuestionQuota } from "../src/reports/question-quota.ts";
import { openWorkerDatabase, type WorkerDatabase } from "./worker-database.ts";
import { makeEnvelope, newNumber } from "./worker-world.ts";

const HOUR_S = 3600;

describeWith("postgres", "a report that does not come", (adminUrl) => {
  let parts: WorkerDatabase;
  let sql: Sql;
  beforeAll(async () => {
    parts = await openWorkerDatabase(adminUrl);
    sql = openSql(parts.url);
  });
  afterAll(async () => {
    await sql.close();
    await parts.close();
  });
  beforeEach(async () => {
    await sql.ask("truncate messages, attempts, events");
  });

  /** Messages that Twilio took so long ago, due to be asked for. */
  async function send(count: number, ageS: number): Promise<string[]> {
    const numbers = Array.from({ length: count }, newNumber);
    const planning = { providers: parts.directory.providers(), defaultProvider: undefined, passesCircuit: () => true };
    const rows = planRecord(makeEnvelope("secret", {}, numbers), { ...planning, client: undefined, now: new Date() });
    await recordAccepted(
      parts.db,
      rows.map((row) => ({ ...row, plannedProvider: "twilio" })),
    );
    const lane = rows[0]?.lane ?? "normal";
    const request = { lane, provider: "twilio", leaseMs: 60_000, afterClientId: null } as const;
    for (let left = count; left > 0; ) {
      const { messages } = await claimDue(parts.db, { ...request, slots: left });
      if (messages.length === 0) throw new Error(`${left} messages cannot be claimed`);
      left -= messages.length;
    }
    const ids = rows.map(({ id }) => id);
    await changeMessages(parts.db, ids, "submit", ({ id }) => ({
      status: "sent",
      attempts: [{ number: 1, outcome: "accepted", providerMessageId: `SM-${id}`, checkInMs: 0 }],
    }));
    await sql.ask("update attempts set finished_at = now() - $1::int * interval '1 s'", [ageS]);
    return ids;
  }

  /** One run, with an account that answers like that; tells what it was asked. */
  async function chase(
    answer?: (providerMessageId: string) => ReadResult,
    questions: QuestionQuota = createQuestionQuota(10),
  ): Promise<string[]> {
    const asked: string[] = [];
    const account: ProviderAccount = {
      capabilities: {
        messageTypes: ["text"],
        alphanumericSenders: true,
        validitySeconds: null,
        search: null,
        readMessage: answer !== undefined,
      },
      submit: async () => ({ outcome: "unknown", error: { code: "X", reason: "not asked in this test" } }),
      verifyCallback: () => false,
      parseCallback: () => [],
      ...(answer === undefined
        ? {}
        : {
            readMessage: async (id: string) => {
              asked.push(id);
              return answer(id);
            },
          }),
    };
    const accounts = { find: (_: ProviderName) => account, list: () => [], describe: () => [] };
    await chaseReports({ ...parts, accounts, questions, signal: new AbortController().signal }, "twilio");
    return asked;
  }

  const read = (id: string) => findMessage(parts.db, BOOTSTRAP_CLIENT_ID, id);
  const lookInS = async (): Promise<(number | null)[]> =>
    (
      await sql.ask<{ s: number | null }>(
        "select round(extract(epoch from check_at - now()))::int as s from attempts order by message_id",
      )
    ).map(({ s }) => s);
  const found = (status: "delivered" | "sent") => (providerMessageId: string) =>
    ({ result: "found", message: { providerMessageId, status, providerStatus: status, error: null } }) as const;

  it("is applied as a report once the provider tells it, and then nobody asks again", async () => {
    const [id = ""] = await send(1, 45);
    expect(await chase(found("delivered"))).toEqual([`SM-${id}`]);
    expect(await read(id)).toMatchObject({ status: "delivered", attempts: [{ reportStatus: "delivered" }] });
    expect(await lookInS()).toEqual([null]);
    expect(await chase(found("delivered"))).toEqual([]);
  });

  it("is asked for again later when the provider has none, does not answer, or does not know the message", async () => {
    const answers: ((id: string) => ReadResult)[] = [
      found("sent"),
      () => ({ result: "not_found" }),
      () => ({ result: "unavailable", error: { code: "TIMEOUT", reason: "no answer" } }),
      () => {
        throw new TypeError("a fault of the adapter");
      },
    ];
    for (const answer of answers) {
      const [id = ""] = await send(1, 600);
      expect(await chase(answer)).toHaveLength(1);
      expect((await read(id))?.status).toBe("sent");
      const [nextS] = await lookInS();
      expect(nextS).toBeGreaterThan(2_900);
      expect(nextS).toBeLessThanOrEqual(3_000);
      await sql.ask("truncate messages, attempts, events");
    }
  });

  it("is not waited for after 72 hours: the message is closed as sent, once", async () => {
    const [id = ""] = await send(1, 72 * HOUR_S);
    await chase(found("sent"));
    await chase(found("sent"));
    const message = await read(id);
    expect(message).toMatchObject({ status: "sent", finalAt: expect.any(Date) });
    expect(message?.events.filter(({ type }) => type === "message.report_missing")).toHaveLength(1);
    expect(await lookInS()).toEqual([null]);
  });

  it("is left until then where the provider cannot be asked", async () => {
    const [early = ""] = await send(1, 2 * HOUR_S);
    await chase();
    const [nextS] = await lookInS();
    expect(nextS).toBeGreaterThan(70 * HOUR_S - 60);
    expect((await read(early))?.finalAt).toBeNull();
    await sql.ask("update attempts set check_at = now(), finished_at = now() - interval '72 h'");
    await chase();
    expect((await read(early))?.events.at(-1)?.type).toBe("message.report_missing");
  });

  it("is asked for at most twenty times in one run; the others are put off, one after the other", async () => {
    await send(50, 130);
    expect(await chase(found("sent"))).toHaveLength(20);
    const waits = await lookInS();
    const turns = waits.filter((waitS) => Number(waitS) < 60);
    // The twenty that were asked have their next look ten minutes after the submit.
    expect(waits).toHaveLength(50);
    expect(turns).toHaveLength(30);
    for (const waitS of turns) expect(waitS).toBeLessThanOrEqual(3);
    expect(new Set(turns).size).toBeGreaterThan(1);
    expect(await parts.registry.getSingleMetricAsString("sms_report_chases_total")).toMatch(
      /result="put_off"[^}]*} 30/,
    );
  });

  it("is asked for one after the other when more of reports were lost than may be asked for at once", async () => {
    const LOST = 60;
    const ids = await send(LOST, 130);
    const questions = createQuestionQuota(10);
    await waitFor(
      async () => {
        await chase(found("delivered"), questions);
        const [left] = await sql.ask<{ open: number }>(
          "select count(*)::int as open from messages where status = 'sent'",
        );
        return left?.open === 0;
      },
      { what: "all of them to be asked for", timeoutMs: 60_000 },
    );
    expect((await read(ids[0] ?? ""))?.status).toBe("delivered");
  });

  it("is moved on or closed for thousands in one run: only questions are few", async () => {
    await sql.ask("update providers set max_in_flight = 2000 where name = 'twilio'");
    await send(900, 130);
    await sql.ask(
      "update attempts set finished_at = now() - interval '73 h' where message_id in (select message_id from attempts limit 300)",
    );
    const asked = await chase(found("sent"));
    // Twenty at once, and ten more for each second that the run has taken.
    expect(asked.length).toBeGreaterThanOrEqual(20);
    expect(asked.length).toBeLessThan(100);
    const [left] = await sql.ask<{ due: number; closed: number }>(
      `select count(*) filter (where a.check_at <= now())::int as due, count(m.final_at)::int as closed
       from attempts a join messages m on m.id = a.message_id`,
    );
    expect(left?.closed).toBe(300);
    // All others are put off: the first ones for tenths of a second.
    expect(left?.due).toBeLessThan(50);
  });

  it("is not asked for while the provider refuses questions for their rate", async () => {
    await send(30, 130);
    const throttled = { result: "unavailable", error: { code: "20429", reason: "too many" } } as const;
    // Four at a time: those under way when the first refusal came.
    expect((await chase(() => throttled)).length).toBeLessThanOrEqual(4);
    // Nobody has looked at any of them: each has its turn soon after those ten seconds, and none waits for its next look.
    const waits = await lookInS();
    expect(waits).toHaveLength(30);
    for (const waitS of waits) expect(waitS).toBeLessThan(20);
  });
});
