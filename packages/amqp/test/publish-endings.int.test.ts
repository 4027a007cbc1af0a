import type { AcceptedEnvelope, MessageQueue } from "@sms-gateway/contracts";
import {
  BUSY_MACHINE_MS,
  describeWith,
  probeConsumer,
  sampleEnvelopes,
  sampleReport,
  waitFor,
} from "@sms-gateway/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAmqpQueue } from "../src/index.ts";
import { type AmqpWorld, openAmqpWorld } from "./amqp-world.ts";

describeWith("rabbitmq", "endings of a publish", (url) => {
  let world: AmqpWorld;
  beforeEach(async () => {
    world = await openAmqpWorld(url);
  });
  afterEach(() => world.close());

  const laneName = () => `${world.namePrefix}sms.accepted.normal`;
  const publishOne = (queue: MessageQueue) => queue.publishAccepted("normal", sampleEnvelopes(1));

  test("are not handed over at once while there is no connection", async () => {
    const nobodyListens = new URL(url);
    nobodyListens.port = "1";
    const queue = world.create({ url: nobodyListens.href });
    const startedAt = performance.now();
    expect(await publishOne(queue)).toEqual({ ending: "not_handed_over", reason: "queue_unreachable" });
    expect(await queue.publishReports([sampleReport()])).toEqual({
      ending: "not_handed_over",
      reason: "queue_unreachable",
    });
    expect(performance.now() - startedAt).toBeLessThan(500 + BUSY_MACHINE_MS);
    await waitFor(() => world.events.filter(({ event }) => event === "lost").length >= 3, { what: "three tries" });
    expect(queue.health()).toEqual({ ok: false, detail: "message queue: no connection" });
    expect(await queue.depths()).toBeUndefined();
  });

  test("never name the password", async () => {
    const wrong = new URL(url);
    wrong.password = "s3cret-and-wrong";
    const queue = world.create({ url: wrong.href });
    await waitFor(() => world.events.some(({ event }) => event === "lost"), { what: "a refusal" });
    expect(JSON.stringify([queue.health(), world.events])).not.toContain("s3cret-and-wrong");
    const notAnAddress = () => createAmqpQueue({ url: "s3cret-and-wrong", role: "test" });
    expect(notAnAddress).toThrow(/no URL/);
    expect(notAnAddress).not.toThrow(/s3cret/);
  });

  test("are queue_full at the maximum length, and the next stamp voids what was refused", async () => {
    const queue = await world.open({ maxLengthMessages: 3, bootId: "boot-1" });
    let confirmed = 0;
    let refused = 0;
    // The limit is soft: a quorum queue tells its publishers with some delay.
    await waitFor(
      async () => {
        const ending = await publishOne(queue);
        if (ending.ending === "confirmed") confirmed += 1;
        else refused += 1;
        return refused === 3;
      },
      { intervalMs: 1, what: "three refusals" },
    );
    expect(await publishOne(queue)).toEqual({ ending: "not_handed_over", reason: "queue_full" });
    await waitFor(async () => (await queue.depths())?.[laneName()] === confirmed, {
      what: "exactly what was confirmed",
    });
    expect(queue.health()).toEqual({ ok: true });

    const probe = probeConsumer<AcceptedEnvelope>();
    const running = await queue.consumeAccepted("normal", probe.options);
    await waitFor(() => probe.taken.flat().length === confirmed, { what: "the queue to be emptied" });
    await running.stop(2000);
    await waitFor(async () => (await publishOne(queue)).ending === "confirmed", { what: "room again" });
    const message = await world.channel.get(laneName(), { noAck: true });
    const stamp = message === false ? undefined : message.properties.headers?.stamp;
    const day = new Date().toISOString().slice(0, 10);
    expect(stamp).toMatchObject({ boot_id: "boot-1", messages: { [day]: 1 } });
    // Every number before this one was either confirmed or is listed.
    const voided: [number, number][] = stamp.voided;
    const voidedCount = voided.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    expect(voidedCount).toBe(stamp.sequence - 1 - confirmed);
    expect(stamp.settled).toBe(stamp.sequence - 1);
    expect(voidedCount).toBeGreaterThanOrEqual(4);
    // Once told, the news is not repeated.
    expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
    const next = await world.channel.get(laneName(), { noAck: true });
    expect(next === false ? undefined : next.properties.headers?.stamp).toEqual({
      boot_id: "boot-1",
      sequence: stamp.sequence + 1,
      messages: { [day]: 1 },
      settled: stamp.sequence,
    });
  });

  test("are not handed over when the queue is gone, and the queue is declared again", async () => {
    const queue = await world.open();
    expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
    await world.channel.deleteQueue(laneName());
    // RabbitMQ would confirm it; the return is what tells. Or the deletion has closed the connection, which is known.
    expect(await publishOne(queue)).toEqual({ ending: "not_handed_over", reason: "queue_unreachable" });
    await waitFor(() => queue.health().ok, { what: "the topology to be declared again" });
    expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
    expect((await world.channel.checkQueue(laneName())).messageCount).toBe(1);
  });

  test("are true while the queue is deleted under the publisher", async () => {
    const queue = await world.open();
    const begunAfterDeletion: AcceptedEnvelope[] = [];
    const notHandedOver: string[] = [];
    let deleted = false;
    let confirmedAfter = 0;
    let slowestMs = 0;
    const publishUntilDone = async (): Promise<void> => {
      while (confirmedAfter < 40) {
        const group = sampleEnvelopes(1);
        const begunAfter = deleted;
        const startedAt = performance.now();
        const { ending } = await queue.publishAccepted("normal", group);
        slowestMs = Math.max(slowestMs, performance.now() - startedAt);
        if (ending === "confirmed" && begunAfter) {
          begunAfterDeletion.push(...group);
          confirmedAfter += 1;
        }
        if (ending === "not_handed_over") {
          notHandedOver.push(...group.map(({ seed }) => seed));
          await waitFor(() => queue.health().ok, { what: "the queue to come back" });
        }
      }
    };
    const publishers = Array.from({ length: 4 }, publishUntilDone);
    await waitFor(async () => (await world.channel.checkQueue(laneName())).messageCount > 20, {
      what: "some messages",
    });
    await world.channel.deleteQueue(laneName());
    deleted = true;
    await Promise.all(publishers);
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("normal", probe.options);
    await waitFor(async () => (await queue.depths())?.[laneName()] === 0, { what: "everything to be handed out" });
    const present = (): Set<string> => new Set(probe.taken.flat().map(({ seed }) => seed));
    await waitFor(() => begunAfterDeletion.every(({ seed }) => present().has(seed)), {
      what: "all that was confirmed",
    });
    expect(notHandedOver.filter((seed) => present().has(seed))).toEqual([]);
    expect(slowestMs).toBeLessThan(5500 + BUSY_MACHINE_MS);
  });
});
