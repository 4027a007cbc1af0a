import type { AcceptedEnvelope, MessageQueue } from "@sms-gateway/contracts";
import { describeWith, probeConsumer, sampleEnvelopes, waitFor } from "@sms-gateway/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openConnection } from "../src/broker-connection.ts";
import { ConnectionKeeper } from "../src/connection-keeper.ts";
import { QueueConsumer } from "../src/queue-consumer.ts";
import { type AmqpWorld, openAmqpWorld } from "./amqp-world.ts";

describeWith("rabbitmq", "a consumer whose queue is deleted", (url) => {
  let world: AmqpWorld;
  beforeEach(async () => {
    world = await openAmqpWorld(url);
  });
  afterEach(() => world.close());

  const laneName = () => `${world.namePrefix}sms.accepted.normal`;
  const publishOne = (queue: MessageQueue) => queue.publishAccepted("normal", sampleEnvelopes(1));

  /** A consumer that has had a delivery already: only such a one can be left behind by the broker. */
  async function consumeOne(queue: MessageQueue): Promise<{ taken(): number }> {
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("normal", probe.options);
    expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
    await waitFor(() => probe.taken.length === 1, { what: "the first" });
    return { taken: () => probe.taken.flat().length };
  }

  test("consumes the queue that its publisher declares again", async () => {
    const worker = await world.open();
    const consumer = await consumeOne(worker);
    const gateway = await world.open();
    await world.channel.deleteQueue(laneName());
    // The gateway hears of it at once; declared at once, the broker would leave the worker's consumer behind.
    await waitFor(async () => (await publishOne(gateway)).ending === "confirmed", { what: "the queue to come back" });
    await waitFor(() => consumer.taken() === 2, { what: "the second" });
    expect(world.events).toContainEqual({
      event: "consumer_lost",
      queue: laneName(),
      reason: "cancelled by the broker",
    });
  });

  test("gets over it within its idle limit when somebody else declares the queue too soon", async () => {
    const worker = await world.open({ idleLimitMs: 1500 });
    const consumer = await consumeOne(worker);
    const ours = { "x-queue-type": "quorum", "x-overflow": "reject-publish" };
    const deleting = world.channel.deleteQueue(laneName());
    const declaring = world.channel.assertQueue(laneName(), { arguments: ours });
    await Promise.all([deleting, declaring]);
    expect(await publishOne(await world.open())).toEqual({ ending: "confirmed" });
    // Handed out by the broker and never delivered: RabbitMQ's fault, which must not last.
    await waitFor(() => consumer.taken() === 2, { what: "the second" });
  });

  test("declares its queue once, however often it subscribes anew because it is idle", async () => {
    const report = () => undefined;
    const keeper = new ConnectionKeeper<undefined>({
      purpose: "consuming",
      connect: (onBlockedChange) => openConnection({ url, name: "test", report, onBlockedChange }),
      prepare: async () => undefined,
      untilIdle: async () => undefined,
      report,
    });
    keeper.start();
    await world.open();
    let declarations = 0;
    let channels = 0;
    const consumer = new QueueConsumer<AcceptedEnvelope>({
      queue: laneName(),
      keeper,
      read: () => ({ good: [], bad: [] }),
      options: probeConsumer<AcceptedEnvelope>().options,
      declare: async ({ model }) => {
        declarations += 1;
        const createChannel = model.createChannel.bind(model);
        // Each subscription has a channel of its own.
        model.createChannel = () => {
          channels += 1;
          return createChannel();
        };
      },
      bury: async () => undefined,
      retake: { firstMs: 20, capMs: 100 },
      idleLimitMs: 50,
      report,
    });
    await waitFor(() => channels >= 4, { what: "four subscriptions" });
    expect(declarations).toBe(1);
    await consumer.stop(2000);
    await keeper.close();
  });
});
