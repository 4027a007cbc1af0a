import { randomUUID } from "node:crypto";
import {
  BUSY_MACHINE_MS,
  describeWith,
  describeWithOwn,
  type FaultyNetwork,
  openFaultyNetwork,
  type RabbitmqServer,
  waitFor,
} from "@sms-gateway/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Answer, describeGateway, type GatewayWorld, MESSAGE, openWorld, type Servers } from "./gateway-world.ts";
import { holdQueue } from "./held-queue.ts";

/** What the contract promises (api.md, architecture.md 5.1 and 5.2). */
const AT_ONCE_MS = 2_000 + BUSY_MACHINE_MS;
const WAITED_MS = 2_000 + BUSY_MACHINE_MS;
const UNKNOWN_MS = 5_000 + BUSY_MACHINE_MS;

const RATES_OFF = { RATE_LIMIT_PER_HOUR: "0" };

async function timed(sending: Promise<Answer>): Promise<Answer & { readonly tookMs: number }> {
  const startedAt = performance.now();
  const answer = await sending;
  return { ...answer, tookMs: performance.now() - startedAt };
}

function expectNotAccepted(answer: Answer, reason: string): void {
  expect(answer.body).toMatchObject({
    error_code: "SERVICE_UNAVAILABLE",
    details: { outcome: "not_accepted", reason },
  });
  expect(answer.body).not.toHaveProperty("tracking_id");
  expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "1"]);
}

describeGateway("Redis over a bad network", (servers) => {
  let network: FaultyNetwork;
  let world: GatewayWorld;
  beforeEach(async () => {
    const target = new URL(servers.redisUrl);
    network = await openFaultyNetwork({ host: target.hostname, port: Number(target.port) });
    target.hostname = "127.0.0.1";
    target.port = String(network.port);
    world = await openWorld({ ...servers, redisUrl: target.href }, { settings: RATES_OFF });
  });
  afterEach(async () => {
    network.heal();
    await world.close();
    await network.close();
  });

  test("a lost answer is 503 not_accepted; nothing is published, and the quota is given back", async () => {
    network.loseNextAnswer();
    const answer = await timed(world.send({ body: { ...MESSAGE, to: ["+12025550123", "+12025550124"] } }));
    expectNotAccepted(answer, "redis_unreachable");
    expect(answer.tookMs).toBeLessThan(AT_ONCE_MS);
    await waitFor(async () => (await world.readQuota()) === 0, { what: "the quota to be given back" });
    await waitFor(async () => (await world.send()).status === 202, { what: "an acceptance" });
    expect(await world.readQuota()).toBe(1);
    expect(await world.takeEnvelopes(1)).toHaveLength(1);
  });

  test("a lost answer frees its Idempotency-Key, and the retry is charged once", async () => {
    const headers = { "idempotency-key": randomUUID() };
    network.loseNextAnswer();
    expectNotAccepted(await world.send({ headers }), "redis_unreachable");
    await waitFor(async () => (await world.send({ headers })).status === 202, { what: "the retry to be accepted" });
    expect(await world.readQuota()).toBe(1);
    expect(await world.takeEnvelopes(1)).toHaveLength(1);
  });

  test("when it is cut off, requests get 503 at once, /readyz names it, and it comes back by itself", async () => {
    network.cut();
    for (let count = 0; count < 5; count += 1) {
      const answer = await timed(world.send());
      expectNotAccepted(answer, "redis_unreachable");
      expect(answer.tookMs).toBeLessThan(AT_ONCE_MS);
    }
    const ready = await world.gateway.app.inject("/readyz");
    expect([ready.statusCode, ready.json().checks.redis.status]).toEqual([503, "down"]);
    expect(ready.json().checks.queue.status).toBe("ok");
    network.heal();
    await waitFor(async () => (await world.send()).status === 202, { what: "an acceptance" });
    expect(await world.readQuota()).toBe(1);
    await waitFor(async () => (await world.gateway.app.inject("/readyz")).statusCode === 200, { what: "readiness" });
  });
});

describeWith("redis", "RabbitMQ", (redisUrl) => {
  describeWithOwn("rabbitmq", "in trouble", (start) => {
    let server: RabbitmqServer;
    let world: GatewayWorld;
    beforeAll(async () => {
      server = await start();
      const servers: Servers = { redisUrl, rabbitmqUrl: server.url };
      world = await openWorld(servers, { settings: RATES_OFF });
    });
    afterAll(async () => {
      await server.resume();
      await world.close();
    });

    test("that is stopped: 503 not_accepted at once, quota and key are free; it comes back by itself", async () => {
      const before = await world.readQuota();
      const headers = { "idempotency-key": randomUUID() };
      await server.stop();
      await waitFor(() => !world.deps.queue.health().ok, { what: "the loss to be known" });
      const answer = await timed(world.send({ headers }));
      expectNotAccepted(answer, "queue_unreachable");
      expect(answer.tookMs).toBeLessThan(AT_ONCE_MS);
      await waitFor(async () => (await world.readQuota()) === before, { what: "the quota to be given back" });
      await server.start();
      await waitFor(async () => (await world.send({ headers })).status === 202, {
        what: "an acceptance",
      });
      expect(await world.readQuota()).toBe(before + 1);
    });

    test("that answers nothing: in flight is unknown and keeps ids and quota, what waits is not accepted", async () => {
      const before = await world.readQuota();
      const keys = Array.from({ length: 6 }, () => ({ "idempotency-key": randomUUID() }));
      await server.pause();
      const answers = await Promise.all(keys.map((headers) => timed(world.send({ headers }))));
      const unknown = answers.flatMap((answer, index) =>
        answer.body.details.outcome === "unknown" ? [{ answer, headers: keys[index] ?? {} }] : [],
      );
      const refused = answers.filter(({ body }) => body.details.outcome === "not_accepted");
      // Two groups of a lane may be in flight; the others have waited for them.
      expect([unknown.length, refused.length]).toEqual([2, 4]);
      for (const { answer } of unknown) {
        expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "1"]);
        expect(answer.body.tracking_id).toMatch(/^[0-9a-f-]{36}$/);
        expect(answer.tookMs).toBeLessThan(UNKNOWN_MS);
      }
      for (const answer of refused) {
        expectNotAccepted(answer, "queue_full");
        expect(answer.tookMs).toBeLessThan(WAITED_MS);
      }
      await waitFor(async () => (await world.readQuota()) === before + 2, { what: "the quota of what was refused" });
      await server.resume();
      for (const { answer, headers } of unknown) {
        const again = await waitFor(
          async () => {
            const retried = await world.send({ headers });
            return retried.status === 202 ? retried : undefined;
          },
          { what: "the retry to be accepted" },
        );
        expect(again.body.tracking_id).toBe(answer.body.tracking_id);
      }
      expect(await world.readQuota()).toBe(before + 2);
      const unknownIds = new Set(unknown.map(({ answer }) => answer.body.tracking_id));
      const envelopes = await world.takeEnvelopes(3);
      const published = new Set(envelopes.map(({ recipients }) => recipients[0]?.id));
      for (const id of unknownIds) expect(published).toContain(id);
      // That of the first test, and these two, however often they were published.
      expect(published.size).toBe(3);
    });
  });
});

describeGateway("stopping", (servers) => {
  test("finishes what is under way, and fixes its answer", async () => {
    const gate = holdQueue();
    const world = await openWorld(servers, { settings: RATES_OFF, wrap: gate.wrap });
    const headers = { "idempotency-key": randomUUID() };
    const url = await world.gateway.app.listen({ host: "127.0.0.1", port: 0 });
    const answering = fetch(`${url}/api/v1/sms/send`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", "api-key": "b57410a7-ea73-4b3d-811f-daa0bb565500" },
      body: JSON.stringify(MESSAGE),
    });
    await expect.poll(() => gate.held()).toBe(1);
    world.gateway.beginStop();
    const closing = world.gateway.app.close();
    gate.open();
    const response = await answering;
    expect(response.status).toBe(202);
    expect(response.headers.get("connection")).toBe("close");
    await closing;
    const next = await openWorld(servers, { settings: RATES_OFF, prefixes: world.prefixes });
    try {
      expect((await next.send({ headers })).headers["idempotent-replayed"]).toBe("true");
    } finally {
      await next.close();
      await world.close();
    }
  });
});
