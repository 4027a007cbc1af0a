import type { AcceptedEnvelope, ReportEnvelope } from "@sms-gateway/contracts";
import {
  describeWith,
  probeConsumer,
  sampleEnvelope,
  sampleEnvelopes,
  sampleReport,
  waitFor,
} from "@sms-gateway/testkit";
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
    const stamp = { boot_id: "boot-7", sequence: 12, count: 2 };
    const group = { type: "sms.accepted.group", version: 1, envelopes: [good, bad] };
    await world.putBytes("high", Buffer.from(JSON.stringify(group)), { stamp });
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
    await queue.publishReport(report);
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
});
