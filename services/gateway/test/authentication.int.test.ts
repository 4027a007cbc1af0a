import { afterEach, expect, test } from "vitest";
import { describeGateway, type GatewayWorld, openWorld } from "./gateway-world.ts";

describeGateway("API_KEY_REQUIRED=false", (servers) => {
  let world: GatewayWorld;
  afterEach(() => world.close());

  const withoutKey = {
    method: "POST",
    url: "/api/v1/sms/send",
    payload: { to: "+12025550123", message: "Hello" },
  } as const;

  test("lets a call without a key act as the bootstrapped client's test key", async () => {
    world = await openWorld(servers, { settings: { API_KEY_REQUIRED: "false" } });
    await world.publishDirectory({ providers: { twilio: { accounts: { live: true, lab: true } } } });
    const response = await world.gateway.app.inject(withoutKey);
    expect([response.statusCode, response.json().simulated]).toEqual([202, true]);
    const [envelope] = await world.takeEnvelopes(1);
    expect(envelope).toMatchObject({
      client_id: "00000000-0000-7000-8000-000000000001",
      key_id: null,
      simulated: true,
    });
  });

  test("still refuses a wrong key, and everybody once that client is inactive", async () => {
    world = await openWorld(servers, { settings: { API_KEY_REQUIRED: "false" } });
    expect((await world.send({ headers: { "api-key": "wrong" } })).status).toBe(401);
    await world.publishDirectory({ client: { active: false } });
    expect((await world.gateway.app.inject(withoutKey)).statusCode).toBe(401);
  });

  test("is not the default", async () => {
    world = await openWorld(servers);
    const response = await world.gateway.app.inject(withoutKey);
    expect([response.statusCode, response.json().message]).toEqual([
      401,
      "The API key is missing; send it in the header API-Key.",
    ]);
  });
});

describeGateway("repeated 401s", (servers) => {
  let world: GatewayWorld;
  afterEach(() => world.close());

  const wrong = (remoteAddress: string) => ({ remoteAddress, headers: { "api-key": "wrong" } });

  test("from one address are slowed down; right keys and other addresses are not", async () => {
    world = await openWorld(servers);
    // All at once: each is counted when it comes, and answered later.
    await Promise.all(Array.from({ length: 40 }, () => world.send(wrong("203.0.113.7"))));
    const finished: string[] = [];
    const watch = async (name: string, sending: Parameters<GatewayWorld["send"]>[0]) => {
      const startedAt = performance.now();
      const { status } = await world.send(sending);
      finished.push(name);
      return { status, tookMs: performance.now() - startedAt };
    };
    const attack = watch("attack", wrong("203.0.113.7"));
    const others = [watch("right key", { remoteAddress: "203.0.113.7" }), watch("elsewhere", wrong("203.0.113.8"))];
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([202, 401]);
    const { status, tookMs } = await attack;
    expect(status).toBe(401);
    expect(tookMs).toBeGreaterThan(1_900);
    expect(finished.at(-1)).toBe("attack");
  });

  test("no longer cause looks beyond memory, so that guessing does not reach Redis", async () => {
    const looks: boolean[] = [];
    world = await openWorld(servers, {
      wrap: ({ directory }) => ({
        directory: {
          ...directory,
          findKey: (hash, options) => {
            looks.push(options?.memoryOnly === true);
            return directory.findKey(hash, options);
          },
        },
      }),
    });
    for (let count = 0; count < 13; count += 1) await world.send(wrong("203.0.113.7"));
    await world.send(wrong("203.0.113.8"));
    expect(looks.slice(0, 11)).toEqual(Array(11).fill(false));
    expect(looks.slice(11, 13)).toEqual([true, true]);
    expect(looks.at(-1)).toBe(false);
  });

  test("cannot be hidden behind X-Forwarded-For without a trusted proxy", async () => {
    world = await openWorld(servers);
    const spoofed = (n: number) => ({ headers: { "api-key": "wrong", "x-forwarded-for": `198.51.100.${n}` } });
    for (let count = 0; count < 13; count += 1) await world.send(spoofed(count));
    const startedAt = performance.now();
    await world.send(spoofed(99));
    expect(performance.now() - startedAt).toBeGreaterThan(300);
  });
});

describeGateway("the log", (servers) => {
  let world: GatewayWorld;
  afterEach(() => world.close());

  test("holds no key, no text and no number, whatever happens", async () => {
    world = await openWorld(servers);
    const secret = {
      to: ["+12025550987", "abc-55509871"],
      message: "the secret text",
      metadata: { note: "the secret note" },
    };
    await world.send({ body: { ...secret, to: "+12025550987" }, headers: { "idempotency-key": "secret-idempotency" } });
    await world.send({ body: { ...secret, to: "+12025550987" }, headers: { "idempotency-key": "secret-idempotency" } });
    await world.send({ body: secret });
    await world.send({ body: '{"to":"+12025550987","message":"the secret text",' });
    await world.send({ body: { ...secret, provider: "twilio", from_number: "+12025550987", message_type: "mms" } });
    await world.send({ headers: { "api-key": "the-secret-wrong-key" }, body: secret });
    await world.send({ url: "/send-sms", body: { to: "+12025550987", message: "the secret text" } });
    await world.gateway.app.inject({ url: "/nothing/+12025550987?text=the+secret+text" });
    await world.gateway.app.inject({
      url: "/api/v1/sms?to=%2B12025550987",
      headers: { authorization: "Bearer the-secret-wrong-key" },
    });
    await world.gateway.app.close();
    const log = world.log.join("");
    expect(log).toContain("http.request");
    expect(log).not.toMatch(/2025550987|55509871|secret|b57410a7/);
  });
});
