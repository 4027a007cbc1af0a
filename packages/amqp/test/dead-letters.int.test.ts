import type { AcceptedEnvelope, BuriedLetter, ReportEnvelope } from "@sms-gateway/contracts";
import {
  describeWith,
  probeConsumer,
  sampleEnvelope,
  sampleEnvelopes,
  sampleReport,
  waitFor,
} from "@sms-gateway/testkit";
import type { Options } from "amqplib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AmqpWorld, openAmqpWorld } from "./amqp-world.ts";

describeWith("rabbitmq", "dead letters", (url) => {
  let world: AmqpWorld;
  beforeEach(async () => {
    world = await openAmqpWorld(url);
  });
  afterEach(() => world.close());

  const deadName = () => `${world.namePrefix}sms.dead`;
  const nextDeadLetter = () =>
    waitFor(async () => (await world.channel.get(deadName(), { noAck: true })) || undefined, { what: "a dead letter" });

  test("hold the bad envelope alone, as it was, with its origin and its group's stamp", async () => {
    const queue = await world.open();
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("high", probe.options);
    const good = sampleEnvelope();
    const bad = { ...sampleEnvelope(), recipients: [] };
    const stamp = { boot_id: "boot-7", sequence: 12, messages: { "2026-11-21": 2 } };
    const group = { type: "sms.accepted.group", version: 1, envelopes: [good, bad] };
    await world.putBytes("high", Buffer.from(JSON.stringify(group)), stamp);
    const dead = await nextDeadLetter();
    expect(JSON.parse(dead.content.toString())).toEqual(bad);
    expect(dead.properties).toMatchObject({ type: "sms.dead", deliveryMode: 2 });
    const queueName = `${world.namePrefix}sms.accepted.high`;
    const problem = expect.stringMatching(/^\/envelopes\/1: \/recipients /);
    // The broker adds its count of deliveries.
    expect(dead.properties.headers).toMatchObject({ problem, queue: queueName, index: 1, stamp });
    await waitFor(() => probe.deadLetters.length === 1, { what: "the news" });
    expect(probe.deadLetters).toEqual([{ queue: queueName, problem }]);
    expect(probe.taken).toEqual([[good]]);
  });

  test("hold every byte of a report that cannot be read", async () => {
    const queue = await world.open();
    const probe = probeConsumer<ReportEnvelope>();
    const bytes = Buffer.from([0, 255, 1, 254, 123]);
    const report = sampleReport();
    await world.putBytes("reports", bytes);
    await queue.publishReports([report]);
    await queue.consumeReports(probe.options);
    expect((await nextDeadLetter()).content).toEqual(bytes);
    await waitFor(() => probe.taken.length === 1, { what: "the good report" });
    expect(probe.taken).toEqual([[report]]);
  });

  test("that cannot be put aside keep their group in its queue; the good ones are taken once only", async () => {
    const queue = await world.open();
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("high", probe.options);
    const good = sampleEnvelopes(2);
    await world.channel.deleteQueue(deadName());
    await world.putGroup("high", [...good, { bad: true }]);
    // The first publish is returned, since there is no such queue; by the next try it has been declared again.
    await waitFor(() => probe.deadLetters.length === 1, { what: "the dead letter" });
    expect(probe.errors.length).toBeGreaterThanOrEqual(1);
    expect(String(probe.errors[0])).toContain("not_handed_over");
    expect(probe.handed).toEqual([good]);
    expect(JSON.parse((await nextDeadLetter()).content.toString())).toEqual({ bad: true });
  });

  test("that an older version buried are read, with an id and without", async () => {
    const queue = await world.open();
    const put = async (options: Options.Publish) => {
      world.channel.sendToQueue(deadName(), Buffer.from("{}"), { persistent: true, type: "sms.dead", ...options });
      await world.channel.waitForConfirms();
    };
    const headers = { problem: "/envelopes/1: wrong", queue: "p.sms.accepted.high" };
    const stamp = { boot_id: "boot-7", sequence: 12, count: 2 };
    await put({ messageId: "own-1", headers: { ...headers, index: 1, message_id: "boot-7.12", stamp } });
    await put({ messageId: "own-2", headers });
    await put({});
    const failing = probeConsumer<BuriedLetter>();
    failing.failNext(1);
    await queue.consumeDead(failing.options);
    await waitFor(() => failing.taken.flat().length === 3, { what: "the letters" });
    const letter = { problem: "/envelopes/1: wrong", queue: "p.sms.accepted.high", body: Buffer.from("{}") };
    expect(failing.taken.flat()).toMatchObject([
      { ...letter, id: "boot-7.12/1", partIndex: 1 },
      { ...letter, id: "own-2", partIndex: null },
      { id: expect.stringMatching(/^[0-9a-f]{64}$/), problem: "unknown", queue: "unknown", partIndex: null },
    ]);
    const ids = failing.handed.map((letters) => letters.map(({ id }) => id));
    expect(ids[1]?.slice(0, ids[0]?.length)).toEqual(ids[0]);
  });

  test("have the same id when a part is buried twice, since its group was not yet acknowledged", async () => {
    const queue = await world.open();
    const group = Buffer.from(JSON.stringify({ type: "sms.accepted.group", version: 1, envelopes: [{ bad: true }] }));
    for (const _ of [1, 2]) {
      world.channel.sendToQueue(`${world.namePrefix}sms.accepted.high`, group, { messageId: "boot-7.high.12" });
    }
    await world.channel.waitForConfirms();
    await queue.consumeAccepted("high", probeConsumer<AcceptedEnvelope>().options);
    const probe = probeConsumer<BuriedLetter>();
    await queue.consumeDead(probe.options);
    await waitFor(() => probe.taken.flat().length === 2, { what: "both" });
    expect(probe.taken.flat().map(({ id }) => id)).toEqual(["boot-7.high.12/0", "boot-7.high.12/0"]);
  });
});
