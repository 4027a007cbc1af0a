import type { AcceptedEnvelope, MessageQueue } from "@sms-gateway/contracts";
import {
  BUSY_MACHINE_MS,
  describeWith,
  type FaultyNetwork,
  openFaultyNetwork,
  probeConsumer,
  sampleEnvelopes,
  sampleReport,
  waitFor,
} from "@sms-gateway/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ask, count } from "./ask.ts";
import { createQueueDatabase, type DbQueueWorld, openQueueWorld } from "./queue-world.ts";

const UNREACHABLE = { ending: "not_handed_over", reason: "queue_unreachable" };
const FULL = { ending: "not_handed_over", reason: "queue_full" };

describeWith("postgres", "endings of a publish into Postgres", (adminUrl) => {
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

  const publishOne = (queue: MessageQueue) => queue.publishAccepted("normal", sampleEnvelopes(1));
  const stored = () => count(world.db, "queue_groups");

  test("are not handed over at once while nobody listens", async () => {
    const nobodyListens = new URL(database.url);
    nobodyListens.port = "1";
    nobodyListens.password = "s3cret-and-wrong";
    const queue = world.create({ url: nobodyListens.href });
    const startedAt = performance.now();
    // It waits for the server to come back: nobody would send the report again.
    let isReporting = true;
    const reporting = queue.publishReports([sampleReport()]).finally(() => {
      isReporting = false;
    });
    expect(await publishOne(queue)).toEqual(UNREACHABLE);
    expect(isReporting).toBe(true);
    expect(await reporting).toEqual(UNREACHABLE);
    expect(performance.now() - startedAt).toBeLessThan(5000 + BUSY_MACHINE_MS);
    await waitFor(() => world.events.filter(({ event }) => event === "lost").length >= 3, { what: "three tries" });
    expect(queue.health()).toEqual({ ok: false, detail: "message queue: no connection" });
    expect(await queue.depths()).toBeUndefined();
    expect(JSON.stringify(world.events)).not.toContain("s3cret-and-wrong");
  });

  test("are not handed over while the table is missing, and confirmed once it is there", async () => {
    const queue = await world.open();
    await ask(world.db, "alter table queue_groups rename to queue_groups_away");
    try {
      expect(await publishOne(queue)).toEqual(UNREACHABLE);
      await waitFor(() => !queue.health().ok, { what: "the lack to be known" });
    } finally {
      await ask(world.db, "alter table queue_groups_away rename to queue_groups");
    }
    await waitFor(() => queue.health().ok, { what: "recovery" });
    expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
    expect(await stored()).toBe(1);
  });

  test("are queue_full while the disk is, and say so", async () => {
    const queue = await world.open();
    await ask(
      world.db,
      `create function refuse_group() returns trigger language plpgsql as
       $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`,
    );
    await ask(
      world.db,
      "create trigger full_disk before insert on queue_groups for each row execute function refuse_group()",
    );
    try {
      expect(await publishOne(queue)).toEqual(FULL);
      expect(queue.health()).toEqual({ ok: true, detail: expect.stringContaining("No space left on device") });
    } finally {
      await ask(world.db, "drop function refuse_group cascade");
    }
    expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
    expect(queue.health()).toEqual({ ok: true });
  });

  test("are not handed over when the server gives up on the statement", async () => {
    const queue = await world.open();
    await whileLocked(async () => {
      const startedAt = performance.now();
      expect(await publishOne(queue)).toEqual(UNREACHABLE);
      expect(performance.now() - startedAt).toBeLessThan(3000 + BUSY_MACHINE_MS);
    });
    expect(await stored()).toBe(0);
  });

  test("are confirmed by a second try when the server ends the connection in the middle", async () => {
    const queue = await world.open();
    let publishing: Promise<unknown> | undefined;
    await whileLocked(async () => {
      publishing = publishOne(queue);
      // The error that comes with it says "shutdown", not whether the insert was committed before.
      await waitFor(
        async () => (await endBackends("query like '%into queue_groups%' and wait_event_type = 'Lock'")) > 0,
        {
          what: "the publish to wait",
        },
      );
    });
    expect(await publishing).toEqual({ ending: "confirmed" });
    expect(await stored()).toBe(1);
    expect(world.events).toContainEqual(expect.objectContaining({ event: "publish_repeated" }));
  });

  test.each([
    ["groups", { maxLengthMessages: 3 }],
    ["bytes", { maxLengthBytes: 2500 }],
  ])("are queue_full at the most %s, in that queue alone, until there is room", async (_, limit) => {
    const queue = await world.open(limit);
    let confirmed = 0;
    while ((await publishOne(queue)).ending === "confirmed") confirmed += 1;
    expect(confirmed).toBe(3);
    expect(await publishOne(queue)).toEqual(FULL);
    expect(await queue.publishAccepted("bulk", sampleEnvelopes(1))).toEqual({ ending: "confirmed" });
    // Whoever comes new knows what is there.
    expect(await publishOne(await world.open(limit))).toEqual(FULL);
    expect(queue.health()).toEqual({ ok: true });

    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("normal", probe.options);
    await waitFor(() => probe.taken.flat().length === 3, { what: "the queue to be emptied" });
    await waitFor(async () => (await publishOne(queue)).ending === "confirmed", { what: "room again" });
  });

  describe("over a network", () => {
    let network: FaultyNetwork;
    let queue: MessageQueue;
    beforeEach(async () => {
      const address = new URL(database.url);
      network = await openFaultyNetwork({ host: address.hostname, port: Number(address.port || 5432) });
      address.hostname = "127.0.0.1";
      address.port = String(network.port);
      queue = await world.open({ url: address.href });
    });
    afterEach(async () => {
      network.heal();
      await queue.close();
      await network.close();
    });

    test("are confirmed by a second try when the first one's answer is lost; the group is there once", async () => {
      network.loseNextAnswer();
      expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
      expect(world.events.filter(({ event }) => event === "publish_repeated")).toHaveLength(1);
      expect(await stored()).toBe(1);
      // Both tries had the same stamp.
      expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
      const stamps = await ask(
        world.db,
        "select (stamp ->> 'sequence')::int as sequence from queue_groups order by id",
      );
      expect(stamps).toEqual([{ sequence: 1 }, { sequence: 2 }]);
    });

    test("are unconfirmed within 5 s when no other connection comes, and the group is there", async () => {
      const startedAt = performance.now();
      let publishing: Promise<unknown> | undefined;
      await whileLocked(async () => {
        publishing = publishOne(queue);
        await waitFor(async () => (await waitingBackends()) > 0, { what: "the insert to reach the server" });
        network.cut();
      });
      await waitFor(async () => (await stored()) === 1, { what: "the server to go on without us" });
      await waitFor(() => !queue.health().ok, { what: "the loss to be known" });
      expect(await publishOne(queue)).toEqual(UNREACHABLE);
      expect(await publishing).toEqual({ ending: "unconfirmed" });
      expect(performance.now() - startedAt).toBeLessThan(5500 + BUSY_MACHINE_MS);
      network.heal();
      await waitFor(() => queue.health().ok, { what: "the connection to come back by itself" });
      expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
      expect(await stored()).toBe(2);
      // No 202 rests on the one in doubt, so nobody may miss it; nor on the one that was refused meanwhile.
      const [, { stamp } = {}] = await ask<{ stamp: unknown }>(world.db, "select stamp from queue_groups order by id");
      expect(stamp).toMatchObject({ sequence: 3, settled: 2, voided: [[1, 2]] });
    });

    test("hand a group over twice when its first try arrives after the second one's has been consumed", async () => {
      const held = network.holdRequests();
      const group = sampleEnvelopes(2);
      const startedAt = performance.now();
      expect(await queue.publishAccepted("normal", group)).toEqual({ ending: "confirmed" });
      expect(performance.now() - startedAt).toBeLessThan(5000 + BUSY_MACHINE_MS);
      const probe = probeConsumer<AcceptedEnvelope>();
      const running = await queue.consumeAccepted("normal", probe.options);
      await waitFor(() => probe.taken.length === 1, { what: "the group" });
      await waitFor(async () => (await stored()) === 0, { what: "its row to go" });
      await held.deliver();
      await waitFor(() => probe.taken.length === 2, { what: "the late one" });
      // The same ids, by which recording drops the double.
      expect(probe.taken).toEqual([group, group]);
      await running.stop(2000);
    });
  });

  /** Runs `work` while nobody else can touch the table. */
  async function whileLocked(work: () => Promise<void>): Promise<void> {
    const locking = ask(
      world.db,
      "begin; lock table queue_groups in access exclusive mode; select pg_sleep(20); commit",
    );
    // It ends by being cancelled.
    const released = locking.catch((error: unknown) => error);
    await waitFor(async () => (await lockers()) > 0, { what: "the lock" });
    try {
      await work();
    } finally {
      await ask(world.db, "select pg_cancel_backend(pid) from pg_stat_activity where query like 'begin; lock table%'");
      await released;
    }
  }

  async function lockers(): Promise<number> {
    return await count(world.db, "pg_stat_activity", "query like 'begin; lock table%' and wait_event = 'PgSleep'");
  }

  async function waitingBackends(): Promise<number> {
    return await count(
      world.db,
      "pg_stat_activity",
      "datname = current_database() and query like '%into queue_groups%' and wait_event_type = 'Lock'",
    );
  }

  async function endBackends(where: string): Promise<number> {
    const ended = await ask(
      world.db,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and ${where}`,
    );
    return ended.length;
  }
});
