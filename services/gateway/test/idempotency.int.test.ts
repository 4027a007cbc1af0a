import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, describeGateway, type GatewayWorld, MESSAGE, openWorld } from "./gateway-world.ts";
import { holdQueue } from "./held-queue.ts";
import { OTHER_KEY } from "./sample-directory.ts";

describeGateway("an Idempotency-Key", (servers) => {
  let world: GatewayWorld;
  beforeAll(async () => {
    world = await openWorld(servers, { settings: { RATE_LIMIT_PER_HOUR: "0" } });
  });
  afterAll(() => world.close());

  /** Waits for the answer to be fixed: `settle` is not waited for by a request. */
  async function sendUntilSettled(sending: Parameters<GatewayWorld["send"]>[0]): Promise<Answer> {
    const answer = await world.send(sending);
    await expect.poll(async () => (await world.send(sending)).status).not.toBe(409);
    return answer;
  }

  test("gets the same answer again, byte for byte, marked as a replay and without limits", async () => {
    const body = {
      to: ["+12025550123", "+12025550124", "+12025550123"],
      message: "a",
      text: "b",
      schedule_at: new Date(Date.now() + 60_000).toISOString(),
    };
    const sending = { body, headers: { "idempotency-key": randomUUID() } };
    const first = await sendUntilSettled(sending);
    const again = await world.send(sending);
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.text).toBe(first.text);
    expect(first.headers).not.toHaveProperty("idempotent-replayed");
    expect(first.headers).toHaveProperty("ratelimit");
    expect(again.headers["idempotent-replayed"]).toBe("true");
    expect(again.headers).not.toHaveProperty("ratelimit");
  });

  test("is one key under /api and /api/v1, and in whatever order the names come", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const first = await sendUntilSettled({ body: '{"to":"+12025550123","message":"Hello"}', headers });
    const again = await world.send({
      url: "/api/sms/send",
      body: '{ "message":"Hello", "to":"+12025550123" }',
      headers,
    });
    expect([again.status, again.text]).toEqual([200, first.text]);
  });

  test("is replayed whatever has changed since: providers, limits, the clock", async () => {
    const sending = { body: { ...MESSAGE, provider: "twilio" }, headers: { "idempotency-key": randomUUID() } };
    const first = await sendUntilSettled(sending);
    await world.publishDirectory({ providers: { twilio: { enabled: false } }, client: { daily_quota: 1 } });
    try {
      expect((await world.send(sending)).text).toBe(first.text);
      expect((await world.send({ ...sending, headers: {} })).status).toBe(409);
    } finally {
      await world.publishDirectory();
    }
  });

  test("with another body is refused, also when only a default was written out", async () => {
    const headers = { "idempotency-key": randomUUID() };
    await sendUntilSettled({ headers });
    for (const change of [{ message: "Other" }, { priority: 3 }]) {
      const { status, body } = await world.send({ body: { ...MESSAGE, ...change }, headers });
      expect([status, body.error_code]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
    }
    const other = await world.send({ url: "/send-sms", headers });
    expect([other.status, other.body.error_code]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
  });

  test("belongs to its client", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const first = await sendUntilSettled({ headers });
    const other = await world.send({
      body: { ...MESSAGE, message: "Other" },
      headers: { ...headers, "api-key": OTHER_KEY },
    });
    expect(other.status).toBe(202);
    expect(other.body.tracking_id).not.toBe(first.body.tracking_id);
  });

  test("is free again after a clear refusal", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const refused = await world.send({ body: { ...MESSAGE, message_type: "binary", message: "00" }, headers });
    expect(refused.body.error_code).toBe("UNSUPPORTED_MESSAGE");
    expect((await world.send({ headers })).status).toBe(202);
  });

  test.each(["x".repeat(256), "with space", "ümlaut", "a,b"])("must have its form: %j has not", async (key) => {
    const { status, body } = await world.send({ headers: { "idempotency-key": key } });
    expect([status, body.error_code]).toEqual([422, "INVALID_PAYLOAD"]);
    expect(body.details.errors).toEqual([{ path: "header:Idempotency-Key", message: expect.any(String) }]);
  });

  test.each(["x".repeat(255), "A-z.0_9:-"])("may be %j", async (key) => {
    expect((await world.send({ headers: { "idempotency-key": key } })).status).toBe(202);
  });

  test("without one every request is a message of its own", async () => {
    const [one, other] = await Promise.all([world.send(), world.send()]);
    expect(one?.body.tracking_id).not.toBe(other?.body.tracking_id);
  });
});

describeGateway("one Idempotency-Key many times at once", (servers) => {
  test("is accepted once; while that lasts, the others are told to come back", async () => {
    const gate = holdQueue();
    const world = await openWorld(servers, { wrap: gate.wrap });
    try {
      const headers = { "idempotency-key": randomUUID() };
      const answers = Array.from({ length: 50 }, () => world.send({ headers }));
      const early = await Promise.race(answers);
      expect([early.status, early.body.error_code, early.headers["retry-after"]]).toEqual([
        409,
        "IDEMPOTENCY_IN_PROGRESS",
        "1",
      ]);
      gate.open();
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 202)).toHaveLength(1);
      expect(statuses.filter((status) => status === 409)).toHaveLength(49);
      await expect.poll(async () => (await world.send({ headers })).headers["idempotent-replayed"]).toBe("true");
      expect(await world.takeEnvelopes(1)).toHaveLength(1);
    } finally {
      gate.open();
      await world.close();
    }
  });
});

describeGateway("a gateway that stalls between admission and publish", (servers) => {
  test("is taken over by another after a while: same ids, charged once, and both end well", async () => {
    const gate = holdQueue();
    const stalled = await openWorld(servers, { wrap: gate.wrap });
    const other = await openWorld(servers, { prefixes: stalled.prefixes, takeOverAfterMs: 0 });
    try {
      const sending = {
        body: { ...MESSAGE, to: ["+12025550123", "+12025550124"] },
        headers: { "idempotency-key": randomUUID() },
      };
      const first = stalled.send(sending);
      await expect.poll(() => gate.held()).toBe(1);
      const second = await other.send(sending);
      expect(second.status).toBe(202);
      gate.open();
      expect(await first).toMatchObject({ status: 202, text: second.text });
      await expect.poll(async () => (await other.send(sending)).headers["idempotent-replayed"]).toBe("true");
      expect(await other.readQuota()).toBe(2);
      const envelopes = await other.takeEnvelopes(2);
      expect(new Set(envelopes.map(({ seed }) => seed)).size).toBe(1);
      expect(envelopes.map(({ recipients }) => recipients.map(({ id }) => id))).toEqual(
        Array(2).fill(second.body.message_ids),
      );
    } finally {
      gate.open();
      await Promise.all([stalled.close(), other.close()]);
    }
  });
});

describeGateway("a take-over whose own publish does not happen", (servers) => {
  test("is answered as unknown with the first ids, since the first try may be in the queue; the charge stays", async () => {
    const gate = holdQueue();
    const stalled = await openWorld(servers, { wrap: gate.wrap });
    const other = await openWorld(servers, {
      prefixes: stalled.prefixes,
      takeOverAfterMs: 0,
      wrap: ({ queue }) => ({
        queue: {
          ...queue,
          health: () => queue.health(),
          publishAccepted: async () => ({ ending: "not_handed_over", reason: "queue_unreachable" }),
        },
      }),
    });
    try {
      const sending = { headers: { "idempotency-key": randomUUID() } };
      const first = stalled.send(sending);
      await expect.poll(() => gate.held()).toBe(1);
      const second = await other.send(sending);
      expect([second.status, second.body.error_code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
      expect(second.body.details).toEqual({ outcome: "unknown", reason: "queue_unreachable" });
      gate.open();
      expect((await first).body.tracking_id).toBe(second.body.tracking_id);
      expect(await other.readQuota()).toBe(1);
    } finally {
      gate.open();
      await Promise.all([stalled.close(), other.close()]);
    }
  });
});
