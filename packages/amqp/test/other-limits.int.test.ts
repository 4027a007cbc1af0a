import type { AcceptedEnvelope, MessageQueue } from "@sms-gateway/contracts";
import { describeWithOwn, probeConsumer, type RabbitmqServer, sampleEnvelopes, waitFor } from "@sms-gateway/testkit";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type AmqpWorld, openAmqpWorld } from "./amqp-world.ts";

const BROKER_LIMIT_MS = 60_000;

describeWithOwn("rabbitmq", "queues that exist with other limits", (start) => {
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
  const problems = () => world.events.filter(({ event }) => event === "topology_problem");

  test(
    "are kept and used, told once, and mended by the policy that is named",
    async () => {
      // An installation as it was made before there were limits, with something that waits.
      const before = await world.open();
      const waiting = sampleEnvelopes(2);
      expect(await before.publishAccepted("normal", waiting)).toEqual({ ending: "confirmed" });
      await before.close();

      const queue = await world.open({ maxLengthMessages: 3 });
      await waitFor(() => problems().length === 4, { what: "the lanes and the reports to be told of" });
      const probe = probeConsumer<AcceptedEnvelope>();
      const running = await queue.consumeAccepted("normal", probe.options);
      await waitFor(() => probe.taken.length === 1, { what: "what waits" });
      expect(probe.taken).toEqual([waiting]);
      await running.stop(2000);

      for (let count = 0; count < 20; count += 1) expect(await publishOne(queue)).toEqual({ ending: "confirmed" });
      expect(problems()).toHaveLength(4);
      const { ok, detail = "" } = queue.health();
      expect(ok).toBe(true);
      const policy =
        /set_policy -p '(?<vhost>[^']*)' --apply-to queues '(?<name>[^']*)' '(?<pattern>[^']*)' '(?<definition>[^']*)'/;
      const { vhost = "", name = "", pattern = "", definition = "" } = policy.exec(detail)?.groups ?? {};
      await broker.rabbitmqctl("set_policy", "-p", vhost, "--apply-to", "queues", name, pattern, definition);
      await waitFor(async () => (await publishOne(queue)).ending === "not_handed_over", { what: "a full queue" });
      expect(await publishOne(queue)).toEqual({ ending: "not_handed_over", reason: "queue_full" });
      await broker.rabbitmqctl("clear_policy", "-p", vhost, name);
    },
    BROKER_LIMIT_MS,
  );

  test("are those of the process that declared first, when two differ", async () => {
    const first = await world.open({ maxLengthMessages: 3 });
    const second = await world.open({ maxLengthMessages: 1000 });
    await waitFor(() => problems().length === 4, { what: "the second to tell" });
    expect(first.health()).toEqual({ ok: true });
    expect(second.health()).toEqual({ ok: true, detail: expect.stringContaining("x-max-length") });
    await waitFor(async () => (await publishOne(second)).ending === "not_handed_over", { what: "a full queue" });
    expect(await publishOne(second)).toEqual({ ending: "not_handed_over", reason: "queue_full" });
  });

  test("are declared anew with ours once they were deleted", async () => {
    await (await world.open()).close();
    const queue = await world.open({ maxLengthMessages: 3 });
    await waitFor(() => queue.health().detail?.includes("x-max-length"), { what: "the difference to be known" });
    const names = (await broker.rabbitmqctl("list_queues", "name")).split("\n");
    for (const name of names.filter((one) => one.startsWith(world.namePrefix))) await world.channel.deleteQueue(name);
    await waitFor(async () => (await publishOne(queue)).ending === "confirmed", { what: "the queues to come back" });
    expect(queue.health()).toEqual({ ok: true });
  });
});
