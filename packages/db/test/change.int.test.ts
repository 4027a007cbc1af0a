import {
  ATTEMPT_OUTCOMES,
  type AttemptOutcome,
  deriveMessageState,
  isAllowedTransition,
  type MessageState,
  REPORT_STATUSES,
  type ReportStatus,
  reportAdvances,
  TRANSITIONS,
  type TransitionCause,
} from "@sms-gateway/contracts";
import { describeWith, waitFor } from "@sms-gateway/testkit";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import {
  type AttemptRow,
  changeMessages,
  claimDue,
  type Database,
  ForbiddenTransitionError,
  findMessage,
  type LockedMessage,
  type MessageChange,
  openDatabase,
  recordAccepted,
} from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { makeRow, makeRows } from "./record-rows.ts";
import { CLIENT_ID, useDatabase } from "./test-database.ts";

/** What happens to an attempt. */
type Happening =
  | { readonly kind: "submit"; readonly outcome: AttemptOutcome }
  | { readonly kind: "report"; readonly status: ReportStatus };

const HAPPENING: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ kind: fc.constant("submit" as const), outcome: fc.constantFrom(...ATTEMPT_OUTCOMES) }),
  fc.record({ kind: fc.constant("report" as const), status: fc.constantFrom(...REPORT_STATUSES) }),
);

/** Folds one happening as the worker would. `segments` counts the folds, so that a lost one is seen. */
function fold(happening: Happening, message: LockedMessage, attempts: readonly AttemptRow[]): MessageChange {
  const [attempt] = attempts;
  const counted = { segments: message.segments + 1 };
  if (attempt === undefined) return counted;
  const { number, outcome, reportStatus } = attempt;
  const moved =
    happening.kind === "submit"
      ? { outcome: outcome === null || outcome === "unknown" ? happening.outcome : outcome, reportStatus }
      : { outcome, reportStatus: reportAdvances(reportStatus, happening.status) ? happening.status : reportStatus };
  const derived = deriveMessageState([moved], { retryPlanned: message.status === "queued", closed: false });
  const status = isAllowedTransition(message.status, derived, happening.kind) ? derived : message.status;
  const change = {
    number,
    ...(moved.outcome === null ? {} : { outcome: moved.outcome }),
    ...(moved.reportStatus === null ? {} : { reportStatus: moved.reportStatus }),
  };
  return { ...counted, status, attempts: [change], eventDetail: { cause: happening.kind } };
}

describeWith("postgres", "changeMessages", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  let other: Database;
  beforeAll(() => {
    db = database.open(6);
    other = database.open(6);
  });

  async function claimRows(count: number, changes: Parameters<typeof makeRows>[1] = {}): Promise<string[]> {
    const rows = makeRows(count, changes);
    await recordAccepted(db, rows);
    await ask(db, "update providers set max_in_flight = 100000");
    await claimDue(db, { lane: "normal", provider: "twilio", slots: count, leaseMs: 30_000, afterClientId: null });
    return rows.map(({ id }) => id);
  }

  async function claimOne(changes: Parameters<typeof makeRows>[1] = {}): Promise<string> {
    const [id = ""] = await claimRows(1, changes);
    return id;
  }

  test("shows the decision the message and its attempts, with the database's clock", async () => {
    const id = await claimOne({
      providers: ["twilio", "plivo"],
      fromNumber: "ME",
      expireAt: new Date(Date.now() + 9_000),
    });
    let seen: readonly [LockedMessage, readonly AttemptRow[]] | undefined;
    await changeMessages(db, [id], "submit", (message, attempts) => {
      seen = [message, attempts];
      return null;
    });
    const [message, attempts] = seen ?? [];
    expect(message).toMatchObject({ id, clientId: CLIENT_ID, status: "sending", lane: "normal", round: 1, tried: [] });
    expect(message).toMatchObject({ providers: ["twilio", "plivo"], fromNumber: "ME", plannedProvider: "twilio" });
    expect(message).toMatchObject({ attemptCount: 1, eventCount: 3, cost: null, provider: "twilio" });
    expect(message?.now.getTime()).toBeGreaterThanOrEqual(attempts?.[0]?.startedAt.getTime() ?? Number.NaN);
    expect(attempts).toMatchObject([{ messageId: id, number: 1, outcome: null, account: "lab", price: null }]);
  });

  test("writes everything a submit tells, and says what changed", async () => {
    const id = await claimOne();
    const changes = await changeMessages(db, [id], "submit", () => ({
      status: "sent",
      provider: "twilio",
      providerMessageId: "SM1",
      segments: 2,
      cost: { amount: "0.0150", currency: "USD" },
      error: null,
      attempts: [
        {
          number: 1,
          outcome: "accepted",
          providerMessageId: "SM1",
          segments: 2,
          price: { amount: "0.015", currency: "USD" },
          errorCode: null,
        },
      ],
      eventDetail: { provider: "twilio" },
    }));
    expect(changes).toMatchObject([
      { id, clientId: CLIENT_ID, from: "sending", to: "sent", cause: "submit", sequence: 4 },
    ]);
    expect(changes[0]?.sentAt).toEqual(changes[0]?.at);
    const message = await findMessage(db, CLIENT_ID, id);
    expect(message).toMatchObject({
      status: "sent",
      providerMessageId: "SM1",
      segments: 2,
      finalAt: null,
      error: null,
    });
    expect(message).toMatchObject({ cost: { amount: "0.015", currency: "USD" }, sentAt: changes[0]?.at });
    expect(message?.attempts).toMatchObject([
      { outcome: "accepted", providerMessageId: "SM1", segments: 2, price: { amount: "0.015", currency: "USD" } },
    ]);
    expect(message?.attempts[0]?.finishedAt).toEqual(changes[0]?.at);
    expect(message?.events.at(-1)).toMatchObject({ sequence: 4, type: "message.sent", detail: { provider: "twilio" } });
  });

  test("plans the next try by the database's clock and keeps what is not named", async () => {
    const id = await claimOne({ customId: "kept" });
    await changeMessages(db, [id], "submit", () => ({
      status: "queued",
      plannedProvider: "plivo",
      dueInMs: 60_000,
      tried: ["twilio"],
      round: 2,
      possibleDouble: true,
      error: { code: "20429", message: "Too many requests" },
      attempts: [{ number: 1, outcome: "try_later", errorCode: "20429", errorMessage: "Too many requests" }],
    }));
    const [row] = await ask(
      db,
      `select status, planned_provider, tried, round, possible_double, error_code, custom_id, text is not null as has_text,
         extract(epoch from due_at - updated_at)::int as wait_s
       from messages where id = '${id}'`,
    );
    expect(row).toEqual({
      status: "queued",
      planned_provider: "plivo",
      tried: ["twilio"],
      round: 2,
      possible_double: true,
      error_code: "20429",
      custom_id: "kept",
      has_text: true,
      wait_s: 60,
    });
    await changeMessages(db, [id], "submit", () => ({ dueInMs: 0, error: null }));
    const claim = { lane: "normal", provider: "plivo", slots: 5, leaseMs: 30_000, afterClientId: null } as const;
    expect((await claimDue(db, claim)).messages).toMatchObject([{ id, attemptNumber: 2, round: 2, tried: ["twilio"] }]);
    const message = await findMessage(db, CLIENT_ID, id);
    expect(message?.attempts.map(({ number, provider, outcome }) => [number, provider, outcome])).toEqual([
      [1, "twilio", "try_later"],
      [2, "plivo", null],
    ]);
    expect(message?.error).toBeNull();
  });

  test("adds no event and answers nothing when the status stays", async () => {
    const id = await claimOne();
    const before = await count(db, "events", `message_id = '${id}'`);
    expect(await changeMessages(db, [id], "report", () => null)).toEqual([]);
    expect(await changeMessages(db, [id], "report", () => ({ status: "sending", segments: 3 }))).toEqual([]);
    expect(await count(db, "events", `message_id = '${id}'`)).toBe(before);
    expect((await findMessage(db, CLIENT_ID, id))?.segments).toBe(3);
  });

  test("leaves out ids that do not exist", async () => {
    const asked: string[] = [];
    const decide = ({ id }: LockedMessage): null => {
      asked.push(id);
      return null;
    };
    const id = await claimOne();
    await changeMessages(db, [id, makeRow().id, id], "report", decide);
    expect(asked).toEqual([id]);
  });

  test("refuses a change that the table does not hold, and then nothing of the batch happens", async () => {
    const ids = await claimRows(3);
    const decide = ({ id }: LockedMessage): MessageChange => ({ status: id === ids[1] ? "rejected" : "sent" });
    await expect(changeMessages(db, ids, "submit", decide)).rejects.toBeInstanceOf(ForbiddenTransitionError);
    await expect(
      changeMessages(db, ids, "submit", () => ({ attempts: [{ number: 7, outcome: "accepted" }] })),
    ).rejects.toThrow(/has no attempt 7/);
    for (const id of ids) expect((await findMessage(db, CLIENT_ID, id))?.status).toBe("sending");
  });

  test("makes every change that the table holds and no other", async () => {
    const causes = [...new Set(TRANSITIONS.map(({ cause }) => cause))];
    const states = [...new Set(TRANSITIONS.flatMap(({ from, to }) => [from, to]))];
    const id = await claimOne();
    for (const from of states) {
      for (const to of states.filter((state) => state !== from)) {
        await ask(db, `update messages set status = '${from}' where id = '${id}'`);
        const changed = await Promise.all(causes.map((cause) => tryChange(db, id, { from, to }, cause)));
        expect(changed).toEqual(causes.map((cause) => isAllowedTransition(from, to, cause)));
      }
    }
  });

  test("erases the text of a one-time password with its end, and only then", async () => {
    const otp = await claimOne({ smsType: "otp", text: "Your code is 123456" });
    const alert = await claimOne({ smsType: "alert" });
    await changeMessages(db, [otp, alert], "submit", () => ({ status: "sent" }));
    expect((await findMessage(db, CLIENT_ID, otp))?.text).toBe("Your code is 123456");
    await changeMessages(db, [otp, alert], "report", () => ({ status: "delivered" }));
    expect((await findMessage(db, CLIENT_ID, otp))?.text).toBeNull();
    expect((await findMessage(db, CLIENT_ID, alert))?.text).not.toBeNull();
  });

  test("sets the times of sent, delivered and the end, and corrects the end with a late report", async () => {
    const id = await claimOne();
    await changeMessages(db, [id], "submit", () => ({ status: "unknown" }));
    const unknown = await findMessage(db, CLIENT_ID, id);
    expect(unknown?.finalAt).toEqual(unknown?.updatedAt);
    expect(unknown?.sentAt).toBeNull();
    await changeMessages(db, [id], "report", () => ({ status: "sent" }));
    const sent = await findMessage(db, CLIENT_ID, id);
    expect(sent).toMatchObject({ finalAt: null, sentAt: sent?.updatedAt });
    await changeMessages(db, [id], "report", () => ({ status: "delivered" }));
    const delivered = await findMessage(db, CLIENT_ID, id);
    expect(delivered).toMatchObject({ sentAt: sent?.sentAt, deliveredAt: delivered?.updatedAt });
    expect(delivered?.finalAt).toEqual(delivered?.deliveredAt);
  });

  test("never leaves the table, loses no change and does not deadlock, whatever happens in whatever order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(HAPPENING, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 25 }),
        async (lists) => {
          const ids = await claimRows(lists.length);
          const waiting = lists.map((happenings) => [...happenings]);
          const work = async (pool: Database, reverse: boolean): Promise<void> => {
            for (;;) {
              // Each round takes the next happening of every message; two pools overlap, in different order.
              const taken = new Map(
                ids.flatMap((id, index) => {
                  const happening = waiting[index]?.shift();
                  return happening === undefined ? [] : [[id, happening] as const];
                }),
              );
              if (taken.size === 0) return;
              for (const kind of ["submit", "report"] as const) {
                const some = [...taken].flatMap(([id, happening]) => (happening.kind === kind ? [id] : []));
                await changeMessages(pool, reverse ? some.reverse() : some, kind, (message, attempts) => {
                  const happening = taken.get(message.id);
                  return happening === undefined ? null : fold(happening, message, attempts);
                });
              }
            }
          };
          await Promise.all([work(db, false), work(other, true), work(db, true)]);
          for (const [index, id] of ids.entries()) {
            const message = await findMessage(db, CLIENT_ID, id);
            expect(message?.segments).toBe(1 + (lists[index]?.length ?? 0));
            const events = message?.events ?? [];
            expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, place) => place + 1));
            expect(events.at(-1)?.type).toBe(`message.${message?.status}`);
            expect(isPathAllowed(events.slice(2).map(({ type, detail }) => [readState(type), detail.cause]))).toBe(
              true,
            );
          }
        },
      ),
      { numRuns: 25 },
    );
    const [order] = await ask(
      db,
      `select count(*)::int as bad from events a join events b on a.message_id = b.message_id
       where a.sequence < b.sequence and (a.position >= b.position or a.at > b.at)`,
    );
    expect(order).toEqual({ bad: 0 });
  });

  test("changes overlapping batches of two pools without deadlock and without loss", async () => {
    const ids = await claimRows(400);
    const pools = [
      openDatabase({ url: database.url(), poolMax: 4 }),
      openDatabase({ url: database.url(), poolMax: 4 }),
    ];
    const batches = Array.from({ length: 24 }, (_, index) => {
      const batch = ids.slice((index * 53) % 300, ((index * 53) % 300) + 100);
      return index % 2 === 0 ? batch : batch.reverse();
    });
    const add = ({ segments }: LockedMessage): MessageChange => ({ segments: segments + 1 });
    await Promise.all(batches.map((batch, index) => changeMessages(pools[index % 2] ?? db, batch, "report", add)));
    const [sum] = await ask<{ sum: number }>(
      db,
      "select sum(segments - 1)::int as sum from messages where id = any($1)",
      [ids],
    );
    expect(sum?.sum).toBe(24 * 100);
    // A backend hands in its statistics when it ends, at the latest.
    await Promise.all(pools.map((pool) => pool.close()));
    await waitFor(async () => (await count(db, "pg_stat_activity", "datname = current_database()")) <= 12, {
      what: "the two pools to be gone",
    });
    const [stats] = await ask(db, "select deadlocks::int from pg_stat_database where datname = current_database()");
    expect(stats).toEqual({ deadlocks: 0 });
  });

  test("gives events positions in the order of their commits", async () => {
    const ids = await claimRows(60);
    const seen: number[] = [];
    let reading = true;
    const read = async (): Promise<void> => {
      // A reader that remembers the highest position must never see a lower one appear later.
      while (reading) {
        const last = seen.at(-1) ?? 0;
        const rows = await ask<{ position: string }>(
          db,
          `select position from events where position > ${last} order by 1`,
        );
        seen.push(...rows.map(({ position }) => Number(position)));
      }
    };
    const reader = read();
    await Promise.all(
      ids.map((id, index) => changeMessages(index % 2 === 0 ? db : other, [id], "submit", () => ({ status: "sent" }))),
    );
    reading = false;
    await reader;
    const [all] = await ask<{ missed: number }>(
      db,
      `select count(*)::int as missed from events where position <= ${seen.at(-1) ?? 0} and position <> all($1::bigint[])`,
      [seen],
    );
    expect(all?.missed).toBe(0);
  });
});

/** Whether the change is let through; nothing of it stays. */
async function tryChange(
  db: Database,
  id: string,
  { from, to }: { readonly from: MessageState; readonly to: MessageState },
  cause: TransitionCause,
): Promise<boolean> {
  try {
    await changeMessages(db, [id], cause, (message) => {
      expect(message.status).toBe(from);
      // The attempt does not exist, which is found out after the check of the table, and rolls the change back.
      return { status: to, attempts: [{ number: 99 }] };
    });
    return true;
  } catch (error) {
    if (error instanceof ForbiddenTransitionError) return false;
    if (error instanceof TypeError && error.message.includes("no attempt 99")) return true;
    throw error;
  }
}

function readState(type: string): string {
  return type.replace("message.", "");
}

/** Each step of a timeline is in the table, with the cause that its event names (claiming names none). */
function isPathAllowed(steps: readonly (readonly [string, unknown])[]): boolean {
  return steps.every(([to, cause], index) => {
    const [from] = steps[index - 1] ?? ["queued"];
    return TRANSITIONS.some((known) => known.from === from && known.to === to && known.cause === (cause ?? "claim"));
  });
}
