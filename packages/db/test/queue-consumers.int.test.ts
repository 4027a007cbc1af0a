import type { AcceptedEnvelope, BuriedLetter, ReportEnvelope } from "@sms-gateway/contracts";
import {
  describeWith,
  probeConsumer,
  sampleEnvelope,
  sampleEnvelopes,
  sampleReport,
  waitFor,
} from "@sms-gateway/testkit";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { DatabaseUnavailableError } from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { createQueueDatabase, type DbQueueWorld, openQueueWorld } from "./queue-world.ts";

const OUR_CONSUMERS = "datname = current_database() and application_name = 'sms-gateway queue consumer'";

describeWith("postgres", "consumers of a queue on Postgres", (adminUrl) => {
  let database: Awaited<ReturnType<typeof createQueueDatabase>>;
  let world: DbQueueWorld;
  beforeAll(async () => {
    database = await createQueueDatabase(adminUrl);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    world = await openQueueWorld(database.url);
  });
  afterEach(() => world.close());

  const endConsumers = () =>
    ask(world.db, `select pg_terminate_backend(pid) from pg_stat_activity where ${OUR_CONSUMERS}`);

  test("get the batch again when the connection dies under take, and are told of it once", async () => {
    const queue = await world.open();
    const probe = probeConsumer<AcceptedEnvelope>();
    probe.hold();
    await queue.consumeAccepted("normal", probe.options);
    const group = sampleEnvelopes(2);
    await queue.publishAccepted("normal", group);
    await waitFor(() => probe.underWay() === 1, { what: "the first call" });
    await endConsumers();
    await waitFor(async () => (await count(world.db, "pg_stat_activity", OUR_CONSUMERS)) === 0, { what: "its end" });
    probe.release();
    await waitFor(() => probe.taken.length === 2, { what: "the batch to come again" });
    expect(probe.taken).toEqual([group, group]);
    expect(probe.underWayMost()).toBe(1);
    expect(probe.errors).toEqual([expect.any(DatabaseUnavailableError)]);
    await waitFor(() => queue.health().ok, { what: "recovery" });
    await waitFor(async () => (await count(world.db, "queue_groups")) === 0, { what: "the group to be settled" });
  });

  test("go on when the connection dies while they pause", async () => {
    const queue = await world.open({ retake: { firstMs: 60_000, capMs: 60_000 } });
    const probe = probeConsumer<AcceptedEnvelope>();
    probe.failNext(1);
    await queue.consumeAccepted("normal", probe.options);
    await queue.publishAccepted("normal", sampleEnvelopes(1));
    await waitFor(() => probe.errors.length === 1, { what: "the failure" });
    await endConsumers();
    // Not after the minute.
    await waitFor(() => probe.taken.length === 1, { what: "the batch to come again" });
    expect(probe.errors).toHaveLength(2);
  });

  test("are told once of an outage, however many tries it takes", async () => {
    const queue = await world.open();
    const probe = probeConsumer<ReportEnvelope>();
    await queue.consumeReports(probe.options);
    await waitFor(() => queue.health().ok, { what: "a connection" });
    await ask(world.db, "alter table queue_groups rename to queue_groups_away");
    try {
      await waitFor(() => !queue.health().ok, { what: "the outage to be known" });
      // The publisher has the same back-off, and tells of each try.
      await queue.publishReports([sampleReport()]);
      const tries = () => world.events.filter(({ event }) => event === "lost").length;
      await waitFor(() => tries() >= 5, { what: "more tries" });
      expect(probe.errors).toHaveLength(1);
    } finally {
      await ask(world.db, "alter table queue_groups_away rename to queue_groups");
    }
    await waitFor(() => queue.health().ok, { what: "recovery" });
    const report = sampleReport();
    await queue.publishReports([report]);
    await waitFor(() => probe.taken.length > 0, { what: "the report" });
    expect(probe.taken).toEqual([[report]]);
  });

  test("hold no old transaction while take fails, which would keep vacuum from its work", async () => {
    const queue = await world.open();
    const probe = probeConsumer<AcceptedEnvelope>();
    probe.failNext(1000);
    const running = await queue.consumeAccepted("normal", probe.options);
    await queue.publishAccepted("normal", sampleEnvelopes(1));
    const begun = async (): Promise<number | undefined> => {
      const [row] = await ask<{ begun: number }>(
        world.db,
        `select extract(epoch from xact_start)::float8 as begun from pg_stat_activity
         where ${OUR_CONSUMERS} and state = 'idle in transaction'`,
      );
      return row?.begun;
    };
    const first = await waitFor(begun, { what: "the batch to be held" });
    await waitFor(async () => ((await begun()) ?? 0) > first, { what: "a younger transaction" });
    expect(probe.taken).toEqual([]);
    await running.stop(2000);
  });

  test("put a bad part aside alone, with its origin, as it was", async () => {
    const queue = await world.open();
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("high", probe.options);
    const good = sampleEnvelope();
    const bad = { ...sampleEnvelope(), recipients: [] };
    await world.putGroup("high", [good, bad]);
    await waitFor(() => probe.deadLetters.length === 1, { what: "the dead letter" });
    const problem = expect.stringMatching(/^\/envelopes\/1: \/recipients /);
    expect(probe.deadLetters).toEqual([{ queue: "sms.accepted.high", problem }]);
    expect(probe.taken).toEqual([[good]]);
    const rows = await ask<{ body: Buffer }>(world.db, "select * from queue_dead_letters");
    expect(rows).toMatchObject([{ queue: "sms.accepted.high", problem, part_index: 1 }]);
    expect(JSON.parse(rows[0]?.body.toString() ?? "")).toEqual(bad);
    expect(await queue.depths()).toMatchObject({ "sms.accepted.high": 0, "sms.dead": 1 });
  });

  test("keep a group of which a part cannot be put aside", async () => {
    const queue = await world.open();
    const probe = probeConsumer<AcceptedEnvelope>();
    await ask(world.db, "alter table queue_dead_letters rename to queue_dead_letters_away");
    try {
      await queue.consumeAccepted("high", probe.options);
      await world.putGroup("high", [{ bad: true }]);
      await waitFor(() => probe.errors.length > 0, { what: "a failure" });
      expect(probe.deadLetters).toEqual([]);
      expect(await count(world.db, "queue_groups")).toBe(1);
    } finally {
      await ask(world.db, "alter table queue_dead_letters_away rename to queue_dead_letters");
    }
    await waitFor(() => probe.deadLetters.length > 0, { what: "the dead letter" });
    expect(await count(world.db, "queue_dead_letters")).toBe(1);
    expect(probe.handed).toEqual([]);
  });

  test("pass by what another one holds", async () => {
    const queue = await world.open();
    const first = probeConsumer<AcceptedEnvelope>(2);
    first.hold();
    await queue.consumeAccepted("bulk", first.options);
    const groups = [1, 1, 1, 1].map((size) => sampleEnvelopes(size));
    for (const group of groups.slice(0, 1)) await queue.publishAccepted("bulk", group);
    await waitFor(() => first.underWay() === 1, { what: "the first call" });
    for (const group of groups.slice(1)) await queue.publishAccepted("bulk", group);
    const second = probeConsumer<AcceptedEnvelope>(2);
    await queue.consumeAccepted("bulk", second.options);
    await waitFor(() => second.taken.flat().length === 3, { what: "the others" });
    expect(second.taken.flat()).toEqual(groups.slice(1).flat());
    // What was taken is removed a moment later.
    await waitFor(async () => (await queue.depths())?.["sms.accepted.bulk"] === 1, { what: "the held one to be left" });
    first.release();
    await waitFor(() => first.taken.length === 1, { what: "the one that was held" });
  });

  test("show that they live while take is long, or the server would take the batch back from them", async () => {
    const queue = await world.open();
    const probe = probeConsumer<AcceptedEnvelope>();
    probe.hold();
    const running = await queue.consumeAccepted("normal", probe.options);
    await queue.publishAccepted("normal", sampleEnvelopes(1));
    const signs = `${OUR_CONSUMERS} and state = 'idle in transaction' and query = 'select 1'`;
    await waitFor(async () => (await count(world.db, "pg_stat_activity", signs)) === 1, { what: "a sign of life" });
    probe.release();
    await running.stop(2000);
    expect(probe.handed).toHaveLength(1);
    expect(await count(world.db, "queue_groups")).toBe(0);
  });

  test("overlook no group whose id was drawn long before its commit", async () => {
    const queue = await world.open();
    await ask(world.db, "alter table queue_groups alter column id restart with 100000");
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("normal", probe.options);
    for (const _ of [1, 2, 3]) await queue.publishAccepted("normal", sampleEnvelopes(1));
    await waitFor(() => probe.taken.flat().length === 3, { what: "the younger ones" });
    const late = sampleEnvelopes(1);
    await ask(
      world.db,
      `insert into queue_groups (queue, id, publish_id, envelopes, body) overriding system value
       values ('sms.accepted.normal', 1, gen_random_uuid(), 1, $1)`,
      [Buffer.from(JSON.stringify({ type: "sms.accepted.group", version: 1, envelopes: late }))],
    );
    await waitFor(() => probe.taken.flat().length === 4, { what: "the late one" });
    expect(probe.taken.at(-1)).toEqual(late);
  });

  test("fill batches with whole groups, oldest first, as far as they fit", async () => {
    const queue = await world.open();
    const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 8 }), async (groupSizes, batchMax) => {
        for (const size of groupSizes) await queue.publishAccepted("bulk", sampleEnvelopes(size));
        const probe = probeConsumer<AcceptedEnvelope>(batchMax);
        const running = await queue.consumeAccepted("bulk", probe.options);
        const total = groupSizes.reduce((sum, size) => sum + size, 0);
        await waitFor(() => probe.taken.flat().length === total, { what: "all envelopes" });
        await running.stop(2000);
        expect(probe.taken.map((batch) => batch.length)).toEqual(packGreedily(groupSizes, batchMax));
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });

  test("take no more than 16 MiB at a time, and what is larger alone", async () => {
    const queue = await world.open();
    const text = (mebibytes: number) => "x".repeat(mebibytes * 1024 * 1024);
    const sizes = [5, 5, 5, 5, 20, 1];
    for (const size of sizes) {
      expect(await queue.publishAccepted("bulk", [sampleEnvelope({ text: text(size) })])).toEqual({
        ending: "confirmed",
      });
    }
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("bulk", probe.options);
    await waitFor(() => probe.taken.flat().length === sizes.length, { what: "all groups" });
    const taken = probe.taken.map((batch) => batch.map((envelope) => envelope.text.length / 1024 / 1024));
    expect(taken).toEqual([[5, 5, 5], [5], [20], [1]]);
  });

  test("take no more than 16 MiB of dead letters at a time", async () => {
    const queue = await world.open();
    await ask(
      world.db,
      `insert into queue_dead_letters (queue, problem, body, publish_id, published_at)
       select 'sms.reports', 'bad', convert_to(repeat('x', size * 1024 * 1024), 'UTF8'), gen_random_uuid(), now()
       from unnest('{5,5,5,5,20,1}'::int[]) with ordinality as sizes (size, place) order by place`,
    );
    const probe = probeConsumer<BuriedLetter>();
    await queue.consumeDead(probe.options);
    await waitFor(() => probe.taken.flat().length === 6, { what: "all dead letters" });
    const taken = probe.taken.map((letters) => letters.map(({ body }) => body.length / 1024 / 1024));
    expect(taken).toEqual([[5, 5, 5], [5], [20], [1]]);
  });

  test("are woken at once by what their own process publishes", async () => {
    const queue = await world.open({ pollMs: 60_000 });
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("high", probe.options);
    await waitFor(() => queue.health().ok, { what: "the first look at the table" });
    const group = sampleEnvelopes(1);
    await queue.publishAccepted("high", group);
    await waitFor(() => probe.taken.length === 1, { what: "the group" });
    expect(probe.taken).toEqual([group]);
  });
});

/** Envelopes per batch. */
function packGreedily(groupSizes: readonly number[], batchMax: number): number[] {
  const batches: number[] = [];
  for (const size of groupSizes) {
    const last = batches.at(-1);
    if (last !== undefined && last + size <= batchMax) batches[batches.length - 1] = last + size;
    else batches.push(size);
  }
  return batches;
}
