import type { AcceptedEnvelope, MessageQueue, PublishEnding } from "@sms-gateway/contracts";
import {
  BUSY_MACHINE_MS,
  describeWithOwn,
  probeConsumer,
  type RabbitmqServer,
  sampleEnvelope,
  sampleEnvelopes,
  sampleReport,
  waitFor,
} from "@sms-gateway/testkit";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AmqpWorld, openAmqpWorld } from "./amqp-world.ts";

/** Two cores shared with other suites: a broker's start takes 3 to 20 s. */
const BROKER_LIMIT_MS = 60_000;

describeWithOwn("rabbitmq", "the message queue and its broker", (start) => {
  let broker: RabbitmqServer;
  let world: AmqpWorld;

  beforeAll(async () => {
    broker = await start();
  }, 2 * BROKER_LIMIT_MS);
  beforeEach(async () => {
    world = await openAmqpWorld(broker.url);
  });
  afterEach(() => world.close());

  const publishOne = (queue: MessageQueue) => queue.publishAccepted("normal", sampleEnvelopes(1));
  const untilWell = (queue: MessageQueue) => waitFor(() => queue.health().ok, { what: "recovery" });

  describe("that is blocked by its memory alarm", () => {
    const raiseAlarm = () => broker.rabbitmqctl("set_vm_memory_high_watermark", "0.0000001");
    const endAlarm = () => broker.rabbitmqctl("set_vm_memory_high_watermark", "0.4");
    afterEach(endAlarm);

    test(
      "leaves one publish in doubt, refuses the rest at once, still hands out, acks and closes, and recovers",
      async () => {
        const queue = await world.open();
        const leaver = await world.open();
        const waiting = sampleEnvelopes(3);
        expect(await queue.publishAccepted("normal", waiting)).toEqual({ ending: "confirmed" });
        await raiseAlarm();
        const inDoubt = sampleEnvelope();
        const startedAt = performance.now();
        const first = queue.publishAccepted("normal", [inDoubt]);
        const lastOfLeaver = leaver.publishReports([sampleReport()]);
        // Only a publish makes the broker tell.
        await waitFor(() => !queue.health().ok, { what: "the alarm to be known" });
        expect(queue.health().detail).toMatch(/blocks publishers: low on memory/);
        const knownAt = performance.now();
        const refused: PublishEnding = { ending: "not_handed_over", reason: "queue_blocked" };
        expect(await publishOne(queue)).toEqual(refused);
        expect(await queue.publishReports([sampleReport()])).toEqual(refused);
        expect(performance.now() - knownAt).toBeLessThan(200 + BUSY_MACHINE_MS);

        const closing = leaver.close();
        const probe = probeConsumer<AcceptedEnvelope>();
        await queue.consumeAccepted("normal", probe.options);
        await waitFor(() => probe.taken.length === 1, { what: "what waits to be taken" });
        await waitFor(async () => (await queue.depths())?.[`${world.namePrefix}sms.accepted.normal`] === 0, {
          what: "the depth while blocked",
        });
        expect(await first).toEqual({ ending: "unconfirmed" });
        expect(await lastOfLeaver).toEqual({ ending: "unconfirmed" });
        expect(performance.now() - startedAt).toBeLessThan(5500 + BUSY_MACHINE_MS);
        await closing;
        expect(performance.now() - startedAt).toBeLessThan(7500 + BUSY_MACHINE_MS);

        // A newcomer learns of the alarm before it risks a message.
        const newcomer = world.create();
        await waitFor(() => newcomer.health().detail?.includes("blocks publishers"), { what: "the newcomer to know" });
        expect(await publishOne(newcomer)).toEqual(refused);

        await endAlarm();
        await untilWell(queue);
        await untilWell(newcomer);
        expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
        expect(await publishOne(newcomer)).toEqual({ ending: "confirmed" });
        // The one in doubt was taken after all: nobody may have been told that it was not.
        await waitFor(() => probe.taken.flat().length === 6, { what: "all that was written" });
        expect(probe.taken.flat().map(({ seed }) => seed)).toContain(inDoubt.seed);
      },
      BROKER_LIMIT_MS,
    );
  });

  test(
    "re-subscribes when the broker closes the channel of a consumer that holds a batch too long",
    async () => {
      const setTimeouts = (timeoutMs: number, tickMs: number) =>
        broker.rabbitmqctl(
          "eval",
          `application:set_env(rabbit, consumer_timeout, ${timeoutMs}), application:set_env(rabbit, channel_tick_interval, ${tickMs}).`,
        );
      await setTimeouts(300, 100);
      try {
        const queue = await world.open();
        const probe = probeConsumer<AcceptedEnvelope>();
        probe.hold();
        await queue.consumeAccepted("normal", probe.options);
        const group = sampleEnvelopes(1);
        await queue.publishAccepted("normal", group);
        await waitFor(() => probe.underWay() === 1, { what: "the call that takes too long" });
        // The batch is back in the queue, and nobody takes it while `take` is under way.
        await waitFor(async () => (await queue.depths())?.[`${world.namePrefix}sms.accepted.normal`] === 1, {
          what: "the broker to take the batch back",
        });
        expect(probe.underWayMost()).toBe(1);
        probe.release();
        await waitFor(() => probe.taken.length === 2, { what: "the batch to come again" });
        expect(probe.taken).toEqual([group, group]);
        expect(world.events).toContainEqual({
          event: "consumer_lost",
          queue: `${world.namePrefix}sms.accepted.normal`,
          reason: expect.stringContaining("PRECONDITION_FAILED"),
        });
      } finally {
        await setTimeouts(1_800_000, 60_000);
      }
    },
    BROKER_LIMIT_MS,
  );

  test(
    "keeps and uses a queue that has other arguments, says so, and names the policy that mends it",
    async () => {
      const name = `${world.namePrefix}sms.accepted.normal`;
      // The broker's default drops the oldest message and confirms the new one.
      const others = { "x-queue-type": "quorum", "x-max-length": 2 };
      await world.channel.assertQueue(name, { arguments: others });
      const queue = await world.open();
      const { ok, detail = "" } = queue.health();
      expect(ok).toBe(true);
      expect(detail).toMatch(/^inequivalent arg 'x-(overflow|max-length)' for queue .*sms\.accepted\.normal/);
      expect(world.events.filter(({ event }) => event === "topology_problem")).toHaveLength(1);
      expect(await publishOne(queue)).toEqual({ ending: "confirmed" });

      const command = /rabbitmqctl (.*)$/m.exec(detail)?.[1] ?? "";
      const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
      await broker.rabbitmqctl(...words);
      const endings: PublishEnding[] = [];
      await waitFor(
        async () => {
          endings.push(await publishOne(queue));
          return endings.at(-1)?.ending === "not_handed_over";
        },
        { what: "a refusal instead of a silent loss" },
      );
      expect(endings.at(-1)).toEqual({ ending: "not_handed_over", reason: "queue_full" });
      await broker.rabbitmqctl("clear_policy", `${world.namePrefix}sms-gateway`);
    },
    BROKER_LIMIT_MS,
  );

  test(
    "leaves publishes in doubt for 5 s while the broker hangs, refuses the next at once, and recovers",
    async () => {
      const queue = await world.open();
      await broker.pause();
      let endings: PublishEnding[] = [];
      try {
        const startedAt = performance.now();
        const publishing = [publishOne(queue), queue.publishReports([sampleReport()])];
        await waitFor(() => !queue.health().ok, { what: "the silence to be known" });
        const knownAt = performance.now();
        expect(knownAt - startedAt).toBeLessThan(2500 + BUSY_MACHINE_MS);
        expect(await publishOne(queue)).toEqual({ ending: "not_handed_over", reason: "queue_unreachable" });
        expect(performance.now() - knownAt).toBeLessThan(500 + BUSY_MACHINE_MS);
        endings = await Promise.all(publishing);
        expect(performance.now() - startedAt).toBeLessThan(5500 + BUSY_MACHINE_MS);
      } finally {
        await broker.resume();
      }
      expect(endings).toEqual([{ ending: "unconfirmed" }, { ending: "unconfirmed" }]);
      await untilWell(queue);
      expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
      const probe = probeConsumer<AcceptedEnvelope>();
      await queue.consumeAccepted("normal", probe.options);
      await waitFor(() => probe.taken.flat().length >= 1, { what: "what was confirmed" });
    },
    BROKER_LIMIT_MS,
  );

  test(
    "keeps everything while the broker is stopped and started",
    async () => {
      const queue = await world.open();
      const consumer = await world.open();
      const probe = probeConsumer<AcceptedEnvelope>();
      await consumer.consumeAccepted("high", probe.options);
      const before = sampleEnvelopes(4);
      for (const envelope of before) {
        expect(await queue.publishAccepted("normal", [envelope])).toEqual({ ending: "confirmed" });
      }
      await broker.stop();
      await waitFor(() => !queue.health().ok && !consumer.health().ok, { what: "the loss to be known" });
      const startedAt = performance.now();
      expect(await publishOne(queue)).toEqual({ ending: "not_handed_over", reason: "queue_unreachable" });
      expect(performance.now() - startedAt).toBeLessThan(500 + BUSY_MACHINE_MS);
      expect(await queue.depths()).toBeUndefined();
      await broker.start();
      await untilWell(queue);
      await untilWell(consumer);
      const after = sampleEnvelopes(1);
      expect(await queue.publishAccepted("high", after)).toEqual({ ending: "confirmed" });
      // The consumer has subscribed again by itself.
      await waitFor(() => probe.taken.length > 0, { what: "the new group" });
      expect(probe.taken).toEqual([after]);
      const late = probeConsumer<AcceptedEnvelope>();
      await consumer.consumeAccepted("normal", late.options);
      await waitFor(() => late.taken.flat().length === before.length, { what: "what was there before" });
      expect(late.taken.flat()).toEqual(before);
      world.forgetPlainChannel();
    },
    2 * BROKER_LIMIT_MS,
  );
});
