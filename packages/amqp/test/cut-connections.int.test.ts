import type { MessageQueue, PublishEnding } from "@sms-gateway/contracts";
import {
  BUSY_MACHINE_MS,
  describeWith,
  sampleEnvelope,
  sampleEnvelopes,
  sampleReport,
  waitFor,
} from "@sms-gateway/testkit";
import type { GetMessage } from "amqplib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AmqpWorld, openAmqpWorld } from "./amqp-world.ts";
import { type CutProxy, startCutProxy } from "./cut-proxy.ts";

describeWith("rabbitmq", "a connection that is cut between publish and confirm", (url) => {
  let world: AmqpWorld;
  let proxy: CutProxy;
  let queue: MessageQueue;

  beforeEach(async () => {
    const address = new URL(url);
    proxy = await startCutProxy({ host: address.hostname, port: Number(address.port || 5672) });
    address.port = String(proxy.port);
    address.hostname = "127.0.0.1";
    world = await openAmqpWorld(url);
    queue = await world.open({ url: address.href });
  });
  afterEach(async () => {
    proxy.refuseNew(false);
    proxy.setMode("pass");
    await world.close();
    await proxy.close();
  });

  const laneName = () => `${world.namePrefix}sms.accepted.normal`;
  const waitUntilBrokerHas = (count: number, name = laneName()) =>
    waitFor(async () => (await world.channel.checkQueue(name)).messageCount === count, { what: `${count} in ${name}` });

  test("publishes once more when only the confirm was lost: twice in the queue, with one id and one stamp", async () => {
    proxy.setMode("swallow answers");
    const publishing = queue.publishAccepted("normal", sampleEnvelopes(2));
    await waitUntilBrokerHas(1);
    proxy.setMode("pass");
    proxy.cut();
    expect(await publishing).toEqual({ ending: "confirmed" });
    const [first, second, ...more] = await readAll(world, laneName());
    expect(more).toEqual([]);
    expect(first?.content.equals(second?.content ?? Buffer.alloc(0))).toBe(true);
    expect(first?.properties.messageId).toBeTypeOf("string");
    expect(second?.properties.messageId).toBe(first?.properties.messageId);
    expect(second?.properties.headers).toEqual(first?.properties.headers);
  });

  test("publishes once more when the message itself was lost: once in the queue", async () => {
    proxy.setMode("swallow requests");
    const publishing = queue.publishReports([sampleReport()]);
    proxy.setMode("pass");
    proxy.cut();
    expect(await publishing).toEqual({ ending: "confirmed" });
    expect(await readAll(world, `${world.namePrefix}sms.reports`)).toHaveLength(1);
  });

  test("ends unconfirmed within 5 s when no other connection comes, and the message is there", async () => {
    proxy.setMode("swallow answers");
    const startedAt = performance.now();
    const publishing = queue.publishAccepted("normal", sampleEnvelopes(1));
    await waitUntilBrokerHas(1);
    proxy.refuseNew(true);
    proxy.cut();
    await waitFor(() => !queue.health().ok, { what: "the loss to be known" });
    const knownAt = performance.now();
    expect(await queue.publishAccepted("normal", sampleEnvelopes(1))).toEqual({
      ending: "not_handed_over",
      reason: "queue_unreachable",
    });
    expect(performance.now() - knownAt).toBeLessThan(500 + BUSY_MACHINE_MS);
    expect(await publishing).toEqual({ ending: "unconfirmed" });
    expect(performance.now() - startedAt).toBeLessThan(5500 + BUSY_MACHINE_MS);
    proxy.refuseNew(false);
    proxy.setMode("pass");
    await waitFor(() => queue.health().ok, { what: "the connection to come back by itself" });
    expect(await queue.publishAccepted("normal", sampleEnvelopes(1))).toEqual({ ending: "confirmed" });
    const stamps = (await readAll(world, laneName())).map(({ properties }) => properties.headers?.stamp);
    // No 202 rests on the one in doubt, so nobody may miss it; the one that was never written got no number.
    expect(stamps).toMatchObject([{ sequence: 1 }, { sequence: 2, settled: 1, voided: [[1, 1]] }]);
  });

  test("takes another connection after 2 s when the broker answers nothing and nothing is cut", async () => {
    proxy.setMode("swallow answers", "open ones");
    const startedAt = performance.now();
    const endings = await Promise.all([
      queue.publishAccepted("normal", sampleEnvelopes(1)),
      queue.publishAccepted("high", sampleEnvelopes(1)),
      queue.publishReports([sampleReport()]),
    ]);
    expect(endings).toEqual([{ ending: "confirmed" }, { ending: "confirmed" }, { ending: "confirmed" }]);
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
    expect(performance.now() - startedAt).toBeLessThan(5000 + BUSY_MACHINE_MS);
    // All three found the same silence and share the new connection.
    expect(world.events.filter(({ event }) => event === "connected")).toHaveLength(2);
  });

  test("claims nothing wrong, whatever is cut and when", async () => {
    const ended: { readonly seed: string; readonly ending: PublishEnding["ending"] }[] = [];
    const modes = ["swallow answers", "pass", "swallow requests", "pass"] as const;
    for (let round = 0; round < 8; round += 1) {
      await waitFor(() => queue.health().ok, { what: "a connection" });
      const publishing = Array.from({ length: 8 }, async () => {
        const envelope = sampleEnvelope();
        const { ending } = await queue.publishAccepted("normal", [envelope]);
        ended.push({ seed: envelope.seed, ending });
      });
      proxy.setMode(modes[round % modes.length] ?? "pass", "open ones");
      // One answered round trip past the proxy: some of the eight are through by then, others are not.
      for (let trips = 0; trips < round % 3; trips += 1) await world.channel.checkQueue(laneName());
      proxy.cut();
      await Promise.all(publishing);
    }
    const present = new Set((await readAll(world, laneName())).map(seedOf));
    const wrong = ended.filter(({ seed, ending }) =>
      ending === "confirmed" ? !present.has(seed) : ending === "not_handed_over" && present.has(seed),
    );
    expect(wrong).toEqual([]);
    expect(ended).toHaveLength(64);
    expect(world.events.some(({ event }) => event === "publish_repeated")).toBe(true);
  });
});

async function readAll(world: AmqpWorld, name: string): Promise<GetMessage[]> {
  const messages: GetMessage[] = [];
  for (;;) {
    const message = await world.channel.get(name, { noAck: true });
    if (message === false) return messages;
    messages.push(message);
  }
}

function seedOf({ content }: GetMessage): string {
  const { envelopes } = JSON.parse(content.toString());
  return envelopes[0].seed;
}
