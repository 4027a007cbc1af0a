import { randomUUID } from "node:crypto";
import type { MessageQueue } from "@sms-gateway/contracts";
import { type MessageQueueWorld, testNamePrefix, waitFor } from "@sms-gateway/testkit";
import { type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { type AmqpEvent, type AmqpQueueOptions, createAmqpQueue } from "../src/index.ts";

/** Queues of one test under a name prefix of their own, with a plain AMQP channel to look behind the adapter. */
export type AmqpWorld = Omit<MessageQueueWorld, "open"> & {
  readonly namePrefix: string;
  readonly channel: ConfirmChannel;
  /** Everything that the adapters of this world reported. */
  readonly events: AmqpEvent[];
  open(options?: Partial<AmqpQueueOptions>): Promise<MessageQueue>;
  /** The same, without waiting until it is ready. */
  create(options?: Partial<AmqpQueueOptions>): MessageQueue;
  /** For tests that have stopped the broker: the plain channel is gone, so `close` leaves the queues. */
  forgetPlainChannel(): void;
};

const QUEUES = ["sms.accepted.high", "sms.accepted.normal", "sms.accepted.bulk", "sms.reports", "sms.dead"];
/** Short, so that a test need not wait for a second. */
const RETAKE = { firstMs: 20, capMs: 100 };

export async function openAmqpWorld(url: string): Promise<AmqpWorld> {
  const namePrefix = testNamePrefix();
  const { model, channel } = await openPlainChannel(url);
  const opened: MessageQueue[] = [];
  const events: AmqpEvent[] = [];
  let hasPlainChannel = true;
  const create = (options: Partial<AmqpQueueOptions> = {}): MessageQueue => {
    const onEvent = (event: AmqpEvent): void => {
      events.push(event);
    };
    const queue = createAmqpQueue({ url, namePrefix, role: "test", retake: RETAKE, onEvent, ...options });
    opened.push(queue);
    return queue;
  };
  const world: AmqpWorld = {
    namePrefix,
    channel,
    events,
    create,
    open: async (options) => {
      const queue = create(options);
      await waitFor(() => queue.health().ok, { what: "a connection to the broker" });
      return queue;
    },
    readsAhead: true,
    hasRepeated: () => events.some(({ event }) => event === "publish_repeated"),
    forgetPlainChannel: () => {
      hasPlainChannel = false;
    },
    putGroup: (lane, envelopes, stamp) =>
      world.putBytes(lane, Buffer.from(JSON.stringify({ type: "sms.accepted.group", version: 1, envelopes })), stamp),
    putBytes: async (name, bytes, stamp) => {
      const queue = `${namePrefix}${name === "reports" ? "sms.reports" : `sms.accepted.${name}`}`;
      const headers = stamp === undefined ? {} : { stamp };
      channel.sendToQueue(queue, bytes, { persistent: true, messageId: randomUUID(), headers });
      await channel.waitForConfirms();
    },
    close: async () => {
      await Promise.all(opened.map((queue) => queue.close()));
      if (!hasPlainChannel) return;
      for (const queue of QUEUES) await channel.deleteQueue(`${namePrefix}${queue}`);
      await model.close();
    },
  };
  return world;
}

/** A plain connection with a confirm channel; its errors are the test's own affair. */
async function openPlainChannel(url: string): Promise<{ model: ChannelModel; channel: ConfirmChannel }> {
  const model = await connect(url, { noDelay: true });
  model.on("error", () => undefined);
  const channel = await model.createConfirmChannel();
  channel.on("error", () => undefined);
  return { model, channel };
}
