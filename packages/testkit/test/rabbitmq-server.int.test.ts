import amqp from "amqplib";
import { expect, test } from "vitest";
import { describeWithOwn } from "../src/index.ts";
import { expectNothingLeft, runningPartsOf } from "./server-processes.ts";

const QUEUE = "kept";

describeWithOwn("rabbitmq", "RabbitMQ", (start) => {
  test("keeps confirmed messages over kill -9 and restart, and leaves no process behind", async () => {
    const server = await start();
    await publish(server.url, "first");
    await server.saveQueueRegistry();
    await server.kill();
    // The kernel may close the listening socket a moment after the process has become a zombie; until then it resets.
    await expect(publish(server.url, "lost")).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    await server.start();
    await publish(server.url, "second");
    await server.restart();
    expect(await takeAll(server.url)).toEqual(["first", "second"]);
    const parts = await runningPartsOf(server.dataDir);
    await server.stop();
    await expectNothingLeft(parts);
  });

  test("is reached by rabbitmqctl and gives out virtual hosts", async () => {
    const server = await start({ user: "gateway", password: "a/b" });
    const vhost = await server.createVhost();
    await publish(vhost.url, "inside");
    expect(await takeAll(server.url)).toEqual([]);
    expect(await takeAll(vhost.url)).toEqual(["inside"]);
    await vhost.drop();
    await expect(publish(vhost.url, "outside")).rejects.toThrow(/ConnectionClose/);
    await server.rabbitmqctl("set_vm_memory_high_watermark", "0.000001");
    expect(await server.rabbitmqctl("eval", "rabbit_alarm:get_alarms().")).toContain("memory");
    await expect(server.rabbitmqctl("no_such_command")).rejects.toThrow(/rabbitmqctl no_such_command failed/);
  });

  test("two nodes run side by side without the system's port mapper", async () => {
    const [one, other] = await Promise.all([start(), start()]);
    await publish(one.url, "one");
    await publish(other.url, "other");
    expect(await takeAll(one.url)).toEqual(["one"]);
    const parts = await runningPartsOf(one.dataDir);
    await one.kill();
    await expectNothingLeft(parts);
    expect(await takeAll(other.url)).toEqual(["other"]);
    expect(await other.rabbitmqctl("list_queues", "-q", "name")).toContain(QUEUE);
  });
});

async function publish(url: string, text: string): Promise<void> {
  await withChannel(url, async (channel) => {
    channel.sendToQueue(QUEUE, Buffer.from(text), { persistent: true, mandatory: true });
    await channel.waitForConfirms();
  });
}

async function takeAll(url: string): Promise<string[]> {
  const texts: string[] = [];
  await withChannel(url, async (channel) => {
    for (let message = await channel.get(QUEUE); message !== false; message = await channel.get(QUEUE)) {
      texts.push(message.content.toString());
      channel.ack(message);
    }
  });
  return texts;
}

async function withChannel(url: string, work: (channel: amqp.ConfirmChannel) => Promise<void>): Promise<void> {
  const connection = await amqp.connect(url, { timeout: 5_000 });
  connection.on("error", () => undefined);
  try {
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(QUEUE, { durable: true, arguments: { "x-queue-type": "quorum" } });
    await work(channel);
    await channel.close();
  } finally {
    await connection.close();
  }
}
