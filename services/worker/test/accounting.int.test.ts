import { randomUUID } from "node:crypto";
import { createAmqpQueue } from "@sms-gateway/amqp";
import {
  type AcceptedEnvelope,
  BOOTSTRAP_CLIENT_ID,
  type GroupStamp,
  type MessageQueue,
  makeMessageId,
  makeSeed,
  type TakenGroup,
} from "@sms-gateway/contracts";
import { createDbQueue, type Database, DatabaseUnavailableError, findMessage, openDatabase } from "@sms-gateway/db";
import { describeWith, sampleEnvelope, testNamePrefix, waitFor } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { accountBatch } from "../src/accounting/account-batch.ts";
import { accountingSweeps } from "../src/accounting/accounting-sweeps.ts";
import { showAccounting } from "../src/accounting/show-accounting.ts";
import { consumeAccepted } from "../src/consumers/record-accepted.ts";
import { recordMessages } from "../src/messages/record-messages.ts";
import { openWorkerDatabase, type WorkerDatabase } from "./worker-database.ts";

const SECRET = "id-secret-of-these-tests";
/** Everything happens on one day, though midnight may pass meanwhile. */
const NOW_MS = Date.now();
const TODAY = new Date(NOW_MS).toISOString().slice(0, 10);
const LOST_AFTER_MS = 5 * 60 * 1000;

/** What a consumer is handed at once. */
interface Batch {
  readonly envelopes: readonly AcceptedEnvelope[];
  readonly groups: readonly TakenGroup[];
}

function makeEnvelope(count: number, changes: Partial<AcceptedEnvelope> = {}): AcceptedEnvelope {
  const seed = makeSeed(NOW_MS);
  const recipients = Array.from({ length: count }, (_, index) => ({
    id: makeMessageId(SECRET, BOOTSTRAP_CLIENT_ID, seed, index),
    to: `+1202555${1000 + index}`,
  }));
  return sampleEnvelope({
    seed,
    client_id: BOOTSTRAP_CLIENT_ID,
    recipients,
    accepted_at: `${TODAY}T12:00:00.000Z`,
    ...changes,
  });
}

/** One group of these requests, all announced. */
function makeBatch(envelopes: readonly AcceptedEnvelope[], changes: Partial<GroupStamp> = {}, buried = 0): Batch {
  const announced = envelopes.reduce((sum, { recipients }) => sum + recipients.length, 0);
  const stamp = {
    bootId: randomUUID(),
    sequence: 1,
    messages: { [TODAY]: announced },
    settled: 0,
    voided: [],
    ...changes,
  };
  return { envelopes, groups: [{ stamp, size: envelopes.length, buried }] };
}

describeWith("postgres", "a worker that accounts for what it records", (adminUrl) => {
  let parts: WorkerDatabase;
  beforeAll(async () => {
    parts = await openWorkerDatabase(adminUrl);
  });
  afterAll(() => parts.close());

  const planning = () =>
    ({ providers: parts.directory.providers(), defaultProvider: "twilio", passesCircuit: () => true }) as const;
  /** The day of these tests, and what is missing now. */
  const show = async (lostAfterMs = 0) => {
    const [day, now] = [
      await showAccounting({ db: parts.db, lostAfterMs }, TODAY),
      await showAccounting({ db: parts.db, lostAfterMs }),
    ];
    return { ...day, missing_batches: now.missing_batches, balanced: day.balanced && now.missing_batches.length === 0 };
  };
  const logged = (event: string) => parts.log.filter((line) => line.event === event);
  const gauge = async (name: string) => (await parts.registry.getSingleMetricAsString(name)).match(/} (\d+)$/m)?.[1];
  async function sweep(): Promise<void> {
    for (const task of accountingSweeps({ ...parts, lostAfterMs: 0 })) await task.run();
  }
  const record = async (envelopes: readonly AcceptedEnvelope[]) =>
    await recordMessages({ ...parts, planning, wake: () => undefined }, envelopes);
  async function take({ envelopes, groups }: Batch): Promise<void> {
    await accountBatch(parts, "normal", { envelopes, groups, tallies: await record(envelopes) });
  }
  /** What the counts of today change by while something is done. */
  async function changesBy(work: () => Promise<void>): Promise<Record<string, number>> {
    const before = await show();
    await work();
    const after = await show();
    const names = ["announced", "recorded", "repeated", "aliases", "dead_letters", "rows", "difference"] as const;
    return Object.fromEntries(
      names.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)]).filter(([, change]) => change !== 0),
    );
  }

  it("counts a group once, though its process dies after the rows or after the mark", async () => {
    const batch = makeBatch([makeEnvelope(3), makeEnvelope(2)]);
    expect(await changesBy(async () => void (await record(batch.envelopes)))).toEqual({ rows: 5 });
    expect(await changesBy(() => take(batch))).toEqual({ announced: 5, repeated: 5 });
    expect(await changesBy(() => take(batch))).toEqual({});
    expect(await changesBy(() => take(makeBatch([makeEnvelope(4)])))).toEqual({ announced: 4, recorded: 4, rows: 4 });
  });

  it("counts a request once that two groups of one batch bring", async () => {
    const envelope = makeEnvelope(2);
    const [one, two] = [makeBatch([envelope]), makeBatch([envelope])];
    const both = { envelopes: [envelope, envelope], groups: [...one.groups, ...two.groups] };
    expect(await changesBy(() => take(both))).toEqual({ announced: 4, recorded: 2, repeated: 2, rows: 2 });
  });

  it("counts aliases, and what could not be read of a group as dead letters", async () => {
    const hash = "a".repeat(64);
    const expires = `${new Date(Date.now() + 48 * 3_600_000).toISOString()}`;
    const key = { idempotency_key_hash: hash, fingerprint: hash, idempotency_expires_at: expires };
    const batch = makeBatch([makeEnvelope(2, key), makeEnvelope(2, key)], { messages: { [TODAY]: 7 } }, 1);
    const counts = { announced: 7, recorded: 2, aliases: 2, dead_letters: 3, rows: 2 };
    expect(await changesBy(() => take(batch))).toEqual(counts);
    const unreadable = makeBatch([], { messages: { [TODAY]: 6 } }, 1);
    expect(await changesBy(() => take(unreadable))).toEqual({ announced: 6, dead_letters: 6 });
    expect((await show()).balanced).toBe(true);
  });

  it("is not held up by groups without a stamp, or with one that nobody of ours has written", async () => {
    const [envelope, other] = [makeEnvelope(1), makeEnvelope(1)];
    const unstamped = { envelopes: [envelope], groups: [{ stamp: null, size: 1, buried: 0 }] };
    expect(await changesBy(() => take(unstamped))).toEqual({ rows: 1 });
    for (const changes of [
      { bootId: "\u0000" },
      { messages: { "2026-99-99": 1 } },
      { messages: { [TODAY]: 2 ** 52 } },
      { sequence: 2 ** 52 },
    ]) {
      await take(makeBatch([other], changes));
    }
    expect(logged("accounting.stamp_unusable")).toHaveLength(4);
  });

  it("lets no fault of its own hold up messages, but an outage", async () => {
    const batch = { ...makeBatch([]), tallies: [] };
    await accountBatch({ ...parts, db: { ...parts.db, connections: "none" } }, "normal", batch);
    expect(logged("accounting.failed").at(-1)).toMatchObject({ level: "error", lane: "normal" });
    const away = openDatabase({ url: "postgresql://postgres:postgres@127.0.0.1:1/none", poolMax: 1 });
    const accounting = accountBatch({ ...parts, db: away }, "normal", batch);
    await expect(accounting).rejects.toBeInstanceOf(DatabaseUnavailableError);
    await away.close();
  });

  it("raises the alarm at once when a group holds another number of messages than was announced", async () => {
    const batch = makeBatch([makeEnvelope(2)], { messages: { [TODAY]: 3 } });
    await take(batch);
    await take(batch);
    const { stamp } = batch.groups[0] ?? {};
    const fields = { boot_id: stamp?.bootId, lane: "normal", sequence: 1, day: TODAY, announced: 3, recorded: 2 };
    expect(logged("accounting.mismatch")).toMatchObject([{ level: "error", ...fields }]);
    expect(await show()).toMatchObject({ difference: 1, balanced: false });
    await sweep();
    expect(await gauge("sms_accounting_difference")).toBe("1");
    expect(logged("accounting.mismatch").at(-1)).toMatchObject({ day: TODAY, unaccounted: 1 });
  });

  it("shows a named day, and says what is no day", async () => {
    expect(await showAccounting({ ...parts, lostAfterMs: 0 }, "2025-12-31")).toMatchObject({
      date: "2025-12-31",
      announced: 0,
      balanced: true,
    });
    for (const date of ["2025-02-30", "today", "2025-1-1", ""]) {
      await expect(showAccounting({ ...parts, lostAfterMs: 0 }, date)).rejects.toMatchObject({
        code: "INVALID_PAYLOAD",
      });
    }
  });

  it("counts the other groups of a batch when one has a request of a day that is none", async () => {
    const [good, odd] = [
      makeBatch([makeEnvelope(2)]),
      makeBatch([makeEnvelope(3, { accepted_at: "2026-02-31T10:00:00.000Z" })]),
    ];
    const both = { envelopes: [...odd.envelopes, ...good.envelopes], groups: [...odd.groups, ...good.groups] };
    const before = logged("accounting.mismatch").length;
    expect(await changesBy(() => take(both))).toEqual({ announced: 5, recorded: 2, rows: 5, difference: 3 });
    const [mismatch] = logged("accounting.mismatch").slice(before);
    expect(mismatch).toMatchObject({ boot_id: odd.groups[0]?.stamp?.bootId, announced: 3, recorded: 0 });
  });

  it("tries each group alone when a batch cannot be accounted for", async () => {
    const [good, odd] = [makeBatch([makeEnvelope(2)]), makeBatch([makeEnvelope(3)], { sequence: 1.5 })];
    const both = { envelopes: [...odd.envelopes, ...good.envelopes], groups: [...odd.groups, ...good.groups] };
    const before = logged("accounting.failed").length;
    expect(await changesBy(() => take(both))).toEqual({ announced: 2, recorded: 2, rows: 5 });
    expect(logged("accounting.failed").slice(before)).toMatchObject([{ level: "error", sequence: 1.5 }]);
  });

  const queues: [string, (suite: (open: (db: Database) => MessageQueue) => void) => void][] = [
    ["in the database", (suite) => suite((db) => createDbQueue(db))],
    [
      "over AMQP",
      (suite) =>
        describeWith("rabbitmq", "with a queue over AMQP", (url) => {
          const namePrefix = testNamePrefix();
          suite(() => createAmqpQueue({ url, namePrefix, role: "worker" }));
        }),
    ],
  ];
  for (const [where, withQueue] of queues) {
    withQueue((open) => {
      it(`raises the alarm for a batch that is lost in a queue ${where}, and takes it back when it arrives`, async () => {
        const queue = open(parts.db);
        const bootIds = new Set<string>();
        const publish = async (...counts: number[]): Promise<AcceptedEnvelope> => {
          await waitFor(() => queue.health().ok, { what: "the queue" });
          const envelopes = counts.map((count) => makeEnvelope(count));
          expect(await queue.publishAccepted("normal", envelopes)).toEqual({ ending: "confirmed" });
          return envelopes[0] ?? makeEnvelope(0);
        };
        const consume = async (envelope: AcceptedEnvelope): Promise<void> => {
          const deps = { ...parts, queue, planning, wake: () => undefined, batchMax: 10, onProblem: () => undefined };
          const consumptions = await consumeAccepted(deps);
          const id = envelope.recipients[0]?.id ?? "";
          await waitFor(() => findMessage(parts.db, BOOTSTRAP_CLIENT_ID, id), { what: "the message" });
          await Promise.all(consumptions.map((consumption) => consumption.stop(5_000)));
        };
        /** Somebody takes it and does nothing: the queue has forgotten it. */
        const lose = async (): Promise<Batch> => {
          const lost: Batch[] = [];
          const thief = await queue.consumeAccepted("normal", {
            batchMax: 10,
            take: async (envelopes, groups) => void lost.push({ envelopes, groups }),
            onProblem: () => undefined,
          });
          const [batch] = await waitFor(() => (lost.length > 0 ? lost : undefined), { what: "the loss" });
          await thief.stop(5_000);
          return batch ?? { envelopes: [], groups: [] };
        };

        const missingBefore = (await show()).missing_batches.length;
        await consume(await publish(1));
        await publish(2, 3);
        const lost = await lose();
        await consume(await publish(1));
        for (const { stamp } of lost.groups) bootIds.add(stamp?.bootId ?? "");
        const [bootId = ""] = bootIds;
        const missing = { boot_id: bootId, lane: "normal", first: 2, last: 2 };
        const shown = await show();
        expect(shown.missing_batches.at(-1)).toMatchObject(missing);
        expect([shown.missing_batches.length - missingBefore, shown.balanced]).toEqual([1, false]);
        // For five minutes it may still be on its way.
        expect((await show(LOST_AFTER_MS)).missing_batches).toEqual([]);
        await sweep();
        await sweep();
        const alarms = () => logged("accounting.batch_lost").filter((line) => line.boot_id === bootId);
        expect(alarms()).toMatchObject([{ level: "error", ...missing }]);
        expect(await gauge("sms_batches_missing")).toBe("1");
        expect(await changesBy(() => take(lost))).toEqual({ announced: 5, recorded: 5, rows: 5 });
        expect((await show()).missing_batches).toHaveLength(missingBefore);
        expect(logged("accounting.batch_arrived_late").at(-1)).toMatchObject(missing);
        await sweep();
        expect(await gauge("sms_batches_missing")).toBe("0");
        expect(alarms()).toHaveLength(1);
        await queue.close();
      });
    });
  }
});
