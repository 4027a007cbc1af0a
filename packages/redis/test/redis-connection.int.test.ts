import { AdmissionUnavailableError } from "@sms-gateway/contracts";
import {
  BUSY_MACHINE_MS,
  describeWith,
  describeWithOwn,
  newClientId,
  newRequest,
  openFaultyNetwork,
  sentAgain,
  testKeyPrefix,
  waitFor,
} from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRedisConnection, redisHealth } from "../src/index.ts";
import { defineScript } from "../src/redis-script.ts";
import { openGateways } from "./open-gateways.ts";

const COUNT = defineScript("return redis.call('INCR', KEYS[1])");
const TODAY = "2026-01-31";

it("refuses an address that is not one of Redis", () => {
  for (const url of ["", "localhost:6379", "http://localhost"]) {
    expect(() => createRedisConnection({ url, keyPrefix: "" })).toThrow("url must be an address");
  }
});

/** So that an answer at once is none by a timeout. */
const LONGER_THAN_ANY_BOUND_MS = 30_000;

describeWith("redis", "a connection to Redis", (url) => {
  const keyPrefix = testKeyPrefix();
  const gateways = openGateways(url, keyPrefix);
  afterAll(() => gateways.close());
  const target = { host: new URL(url).hostname, port: Number(new URL(url).port || 6379) };

  it("neither sends unanswered scripts again nor keeps those that come while it is lost", async () => {
    const network = await openFaultyNetwork(target);
    const through = new URL(url);
    through.host = `127.0.0.1:${network.port}`;
    let whenLost = () => {};
    const { connection } = await gateways.open({
      url: through.href,
      commandTimeoutMs: LONGER_THAN_ANY_BOUND_MS,
      onLost: () => whenLost(),
    });
    const count = () => connection.runScript(COUNT, ["counted"], []);
    const allRejected = (endings: PromiseSettledResult<unknown>[]) =>
      endings.every(({ status }) => status === "rejected");
    // So that what is lost below is the script itself, not the discovery that the server does not have it.
    await count();

    let offline: Promise<unknown>[] = [];
    whenLost = () => {
      whenLost = () => {};
      offline = Array.from({ length: 20 }, count);
    };
    network.loseNextAnswer();
    const startedAt = performance.now();
    expect(allRejected(await Promise.allSettled(Array.from({ length: 20 }, count)))).toBe(true);
    await waitFor(() => offline.length > 0, { what: "the loss to be told" });
    expect(allRejected(await Promise.allSettled(offline))).toBe(true);
    // At once, not by a timeout.
    expect(performance.now() - startedAt).toBeLessThan(500 + BUSY_MACHINE_MS);

    await waitFor(async () => (await redisHealth(connection)).ok, { what: "the connection to come back" });
    const carriedOut = Number(await gateways.raw.get(`${keyPrefix}counted`));
    expect(carriedOut).toBeGreaterThan(1);
    expect(carriedOut).toBeLessThanOrEqual(21);
    expect(await count()).toBe(carriedOut + 1);
    await network.close();
  });

  it("runs scripts on a server that does not have them", async () => {
    const { connection, admission } = await gateways.open();
    const request = newRequest(newClientId(), "key");
    await admission.admit(request);
    // The server is shared: what this drops, every other client puts back by the same rule.
    await gateways.raw.script("FLUSH");
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => admission.admit(request)));
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["admitted"]));
    expect(await connection.runScript(COUNT, ["flushed"], [])).toBe(1);
  });

  it("lets calls under way end before it closes, and rejects later ones", async () => {
    const { connection } = await gateways.open();
    const underWay = Array.from({ length: 100 }, () => connection.runScript(COUNT, ["closing"], []));
    await connection.close();
    expect((await Promise.allSettled(underWay)).every(({ status }) => status === "fulfilled")).toBe(true);
    await expect(connection.ping()).rejects.toThrow();
  });

  it("keeps counters for two days after their day, and answers for as long as asked", async () => {
    const { admission } = await gateways.open();
    const clientId = newClientId();
    const dayEndsAtMs = Date.now() + 3_600_000;
    const keyed = newRequest(clientId, "key", { dayEndsAtMs, keepMs: 86_400_000 });
    await admission.admit(keyed);
    await admission.admit(newRequest(clientId, "other", { dayEndsAtMs: dayEndsAtMs + 5_000 }));
    const endsAt = await gateways.raw.pexpiretime(`${keyPrefix}{${clientId}}:quota:${TODAY}`);
    expect(endsAt).toBe(dayEndsAtMs + 48 * 3_600_000);
    const [reservation] = await gateways.raw.keys(`${keyPrefix}{${clientId}}:key:${keyed.ref.idempotencyKeyHash}`);
    expect(await gateways.raw.pttl(reservation ?? "")).toBeGreaterThan(86_000_000);
    await admission.abandon(keyed.ref);
    expect(await gateways.raw.pttl(reservation ?? "")).toBeGreaterThan(86_000_000);
  });

  it("credits nothing where the counter is gone, and never below zero", async () => {
    const { admission } = await gateways.open();
    const [gone, less] = [
      newRequest(newClientId(), "key", { count: 3 }),
      newRequest(newClientId(), "key", { count: 3 }),
    ];
    const counterOf = (clientId: string) => `${keyPrefix}{${clientId}}:quota:${TODAY}`;
    await admission.admit(gone);
    await admission.admit(less);
    await gateways.raw.del(counterOf(gone.ref.clientId));
    await gateways.raw.set(counterOf(less.ref.clientId), 2, "KEEPTTL");
    await admission.release(gone.ref);
    await admission.release(less.ref);
    expect(await gateways.raw.get(counterOf(gone.ref.clientId))).toBeNull();
    expect(await gateways.raw.get(counterOf(less.ref.clientId))).toBe("0");
  });

  it("keeps all keys of a client in one slot of a cluster", async () => {
    const { admission } = await gateways.open();
    const clientId = newClientId();
    const limits = { perSecond: 9, perMinute: 9, perHour: 9, dailyQuota: 9 };
    await admission.admit(newRequest(clientId, "key", { limits }));
    await admission.admit(newRequest(clientId, null, { limits }));
    await admission.release(newRequest(clientId, "never sent").ref);
    const keys = await gateways.raw.keys(`${keyPrefix}*${clientId}*`);
    expect(keys).toHaveLength(5);
    expect(keys.every((key) => key.startsWith(`${keyPrefix}{${clientId}}:`))).toBe(true);
  });
});

describeWithOwn("redis", "a connection to a Redis that fails", (start) => {
  let server: Awaited<ReturnType<typeof start>>;
  let gateways: ReturnType<typeof openGateways>;
  beforeAll(async () => {
    server = await start({ durable: true, password: "p@ss word" });
    gateways = openGateways(server.url, "t:");
  });
  afterAll(() => gateways.close());
  const charged = async (clientId: string) => Number(await gateways.raw.get(`t:{${clientId}}:quota:${TODAY}`));

  it("recovers by itself after a restart, with settled answers and charges kept", async () => {
    const events: string[] = [];
    const onLost = (cause: Error | undefined) => events.push(cause === undefined ? "lost" : `lost: ${cause.message}`);
    const commandTimeoutMs = LONGER_THAN_ANY_BOUND_MS;
    const { admission } = await gateways.open({ commandTimeoutMs, onReady: () => events.push("ready"), onLost });
    const request = newRequest(newClientId(), "key", { count: 3 });
    await admission.admit(request);
    await admission.settle(request.ref);
    await server.stop();
    await waitFor(async () => !(await admission.health()).ok, { what: "the loss to be known" });
    const refusedAt = performance.now();
    await expect(admission.admit(sentAgain(request))).rejects.toBeInstanceOf(AdmissionUnavailableError);
    expect(performance.now() - refusedAt).toBeLessThan(500 + BUSY_MACHINE_MS);
    await server.start();
    await waitFor(async () => (await admission.health()).ok, { what: "the connection to come back" });
    expect(await admission.admit(sentAgain(request))).toMatchObject({ outcome: "replay" });
    expect(await charged(request.ref.clientId)).toBe(3);
    expect([events.length, events[0], events[1]?.slice(0, 4), events[2]]).toEqual([3, "ready", "lost", "ready"]);
  });

  it("releases what it may have taken from a frozen server once that answers again", async () => {
    const { admission } = await gateways.open();
    const taken = newRequest(newClientId(), "key", { count: 3 });
    await admission.admit(newRequest(taken.ref.clientId, "other", { count: 4 }));
    await server.pause();
    const startedAt = performance.now();
    const first = admission.admit(taken);
    // Behind the first one in the client: their own timeouts have not even started when the server is given up.
    const others = Array.from({ length: 5 }, () =>
      waitFor(() => true, { what: "a turn" }).then(() => admission.admit(sentAgain(taken))),
    );
    for (const ending of await Promise.allSettled([first, ...others])) {
      expect(ending).toMatchObject({ status: "rejected", reason: expect.any(AdmissionUnavailableError) });
    }
    expect(performance.now() - startedAt).toBeLessThan(2_000 + BUSY_MACHINE_MS);
    const released = admission.releaseUntilDone(taken.ref);
    await server.resume();
    expect(await released).toBe(true);
    expect(await charged(taken.ref.clientId)).toBe(4);
  });

  it("gives a release up after the time it was given, and at once when it is closed", async () => {
    const { admission } = await gateways.open();
    const { ref } = newRequest(newClientId(), "key");
    await server.stop();
    await waitFor(async () => !(await admission.health()).ok, { what: "the loss to be known" });
    expect(await admission.releaseUntilDone(ref, { forMs: 200 })).toBe(false);
    const startedAt = performance.now();
    const released = admission.releaseUntilDone(ref, { forMs: 30_000 });
    await admission.close();
    expect(await released).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1_500 + BUSY_MACHINE_MS);
    await server.start();
  });
});
