import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { type Answer, describeGateway, type GatewayWorld, MESSAGE, openWorld, type Servers } from "./gateway-world.ts";
import { OTHER_KEY } from "./sample-directory.ts";

async function inWorld(
  servers: Servers,
  settings: Record<string, string>,
  work: (world: GatewayWorld) => Promise<void>,
): Promise<void> {
  const world = await openWorld(servers, { settings });
  try {
    await work(world);
  } finally {
    await world.close();
  }
}

/** `"name";r=1;t=2, …` as name → [r, t]. */
function readState(header: unknown): Record<string, number[]> {
  const entries = String(header)
    .split(", ")
    .map((entry) => /^"(\w+)";r=(\d+);t=(\d+)$/.exec(entry));
  return Object.fromEntries(entries.map((match) => [match?.[1], [Number(match?.[2]), Number(match?.[3])]]));
}

const QUOTA_ONLY = { RATE_LIMIT_PER_HOUR: "0" };

describeGateway("rates", (servers) => {
  test.each([
    ["per_second", { RATE_LIMIT_PER_SECOND: "3" }, 1],
    ["per_minute", { RATE_LIMIT_PER_MINUTE: "3" }, 20],
    ["per_hour", { RATE_LIMIT_PER_HOUR: "3" }, 1_200],
  ])(
    "%s lets 3 requests pass at once, the others get 429 with Retry-After",
    async (name, settings, retryAfterMostS) => {
      await inWorld(servers, { ...QUOTA_ONLY, ...settings }, async (world) => {
        const body = { ...MESSAGE, to: ["+12025550123", "+12025550124"] };
        const answers = await Promise.all(Array.from({ length: 60 }, () => world.send({ body })));
        const refused = answers.filter(({ status }) => status === 429);
        const passed = answers.filter(({ status }) => status === 202);
        expect(refused.length + passed.length).toBe(60);
        // A second may pass meanwhile, and with it three more.
        if (name === "per_second") expect(passed.length).toBeGreaterThanOrEqual(3);
        else expect(passed.length).toBe(3);
        const [{ body: error, headers }] = refused as [Answer];
        expect(error.error_code).toBe("TOO_MANY_REQUESTS");
        expect(error.details).toEqual({ limit: name, retry_after: Number(headers["retry-after"]) });
        expect(Number(headers["retry-after"])).toBeGreaterThanOrEqual(1);
        expect(Number(headers["retry-after"])).toBeLessThanOrEqual(retryAfterMostS);
        expect(readState(headers.ratelimit)[name]?.[0]).toBe(0);
      });
    },
  );

  test("are per client", async () => {
    await inWorld(servers, { RATE_LIMIT_PER_HOUR: "1" }, async (world) => {
      expect((await world.send()).status).toBe(202);
      expect((await world.send()).status).toBe(429);
      expect((await world.send({ headers: { "api-key": OTHER_KEY } })).status).toBe(202);
    });
  });

  test("are the client's own where it has some, and none at 0", async () => {
    await inWorld(servers, { RATE_LIMIT_PER_HOUR: "1" }, async (world) => {
      await world.publishDirectory({ client: { rate_per_hour: 0 } });
      const answers = await Promise.all(Array.from({ length: 20 }, () => world.send()));
      expect(answers.every(({ status }) => status === 202)).toBe(true);
      expect(answers[0]?.headers["ratelimit-policy"]).toBe('"daily_quota";q=10000;w=86400');
    });
  });

  test("by default are those of requirement 002, told in the headers", async () => {
    await inWorld(servers, { RATE_LIMIT_PER_SECOND: "10", RATE_LIMIT_PER_MINUTE: "100" }, async (world) => {
      const { headers } = await world.send();
      expect(headers["ratelimit-policy"]).toBe(
        '"per_second";q=10;w=1, "per_minute";q=100;w=60, "per_hour";q=1000;w=3600, "daily_quota";q=10000;w=86400',
      );
      const state = readState(headers.ratelimit);
      expect(Object.entries(state).map(([name, [left]]) => [name, left])).toEqual([
        ["per_second", 9],
        ["per_minute", 99],
        ["per_hour", 999],
        ["daily_quota", 9999],
      ]);
    });
  });
});

describeGateway("the daily quota", (servers) => {
  test("counts messages and is taken whole or not at all", async () => {
    await inWorld(servers, { ...QUOTA_ONLY, DEFAULT_DAILY_QUOTA: "5" }, async (world) => {
      const numbers = (count: number) => Array.from({ length: count }, (_, index) => `+1202555010${index}`);
      expect((await world.send({ body: { ...MESSAGE, to: numbers(3) } })).status).toBe(202);
      const { status, body, headers } = await world.send({ body: { ...MESSAGE, to: numbers(3) } });
      expect([status, body.details.limit]).toEqual([429, "daily_quota"]);
      expect(Number(headers["retry-after"])).toBeGreaterThan(0);
      expect(Number(headers["retry-after"])).toBeLessThanOrEqual(86_400);
      expect(readState(headers.ratelimit).daily_quota?.[0]).toBe(2);
      expect((await world.send({ body: { ...MESSAGE, to: numbers(2) } })).status).toBe(202);
      expect((await world.send()).status).toBe(429);
    });
  });

  test("is not charged by duplicates, refusals and replays", async () => {
    await inWorld(servers, { ...QUOTA_ONLY, DEFAULT_DAILY_QUOTA: "2" }, async (world) => {
      const sending = {
        body: { ...MESSAGE, to: ["+12025550123", "+1 202 555 0123"] },
        headers: { "idempotency-key": randomUUID() },
      };
      expect((await world.send(sending)).status).toBe(202);
      await expect.poll(async () => (await world.send(sending)).status).toBe(202);
      const refusals = [
        { body: { ...MESSAGE, to: "abc" } },
        { body: "no json" },
        { body: { ...MESSAGE, provider: "acme" } },
        { body: { ...MESSAGE, template_id: "x" } },
        { body: { ...MESSAGE, message_type: "binary", message: "00" } },
        { headers: { "api-key": "wrong" } },
      ];
      for (const refusal of refusals) expect((await world.send(refusal)).status).toBeGreaterThanOrEqual(400);
      expect(readState((await world.send()).headers.ratelimit).daily_quota?.[0]).toBe(0);
    });
  });

  test("of 20 lets exactly 20 of 60 parallel requests pass", async () => {
    await inWorld(servers, { ...QUOTA_ONLY, DEFAULT_DAILY_QUOTA: "20" }, async (world) => {
      const answers = await Promise.all(Array.from({ length: 60 }, () => world.send()));
      expect(answers.filter(({ status }) => status === 202)).toHaveLength(20);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
      expect(await world.takeEnvelopes(20)).toHaveLength(20);
    });
  });

  test("comes after the refusals: what cannot be sent is told so, even without quota", async () => {
    await inWorld(servers, { ...QUOTA_ONLY, DEFAULT_DAILY_QUOTA: "1" }, async (world) => {
      expect((await world.send()).status).toBe(202);
      await world.publishDirectory({ providers: { plivo: { enabled: false } } });
      expect((await world.send({ body: { ...MESSAGE, provider: "plivo" } })).body.error_code).toBe("PROVIDER_DISABLED");
      expect((await world.send({ body: { ...MESSAGE, to: "abc" } })).body.error_code).toBe("INVALID_PAYLOAD");
      expect((await world.send()).body.error_code).toBe("TOO_MANY_REQUESTS");
    });
  });
});
