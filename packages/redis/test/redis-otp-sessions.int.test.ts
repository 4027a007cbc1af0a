import {
  checkOf,
  describeWith,
  newOtpCreate,
  newOtpResend,
  type OtpSessionsHarness,
  openFaultyNetwork,
  otpSessionsContract,
  testKeyPrefix,
} from "@sms-gateway/testkit";
import { Redis } from "ioredis";
import { afterAll, expect, test } from "vitest";
import { openOtpGateways } from "./open-otp-gateways.ts";

describeWith("redis", "the OTP sessions on Redis", (url) => {
  const raw = new Redis(url);
  afterAll(() => raw.disconnect());

  otpSessionsContract("redis", async (): Promise<OtpSessionsHarness> => {
    const gateways = openOtpGateways(url, testKeyPrefix());
    const { hostname, port } = new URL(url);
    const networks: { close(): Promise<void> }[] = [];
    return {
      openGateway: (options) => gateways.open(options),
      openFaultyGateway: async () => {
        const network = await openFaultyNetwork({ host: hostname, port: Number(port || 6379) });
        networks.push(network);
        const through = new URL(url);
        through.host = `127.0.0.1:${network.port}`;
        return { sessions: await gateways.open({ url: through.href }), network };
      },
      close: async () => {
        await gateways.close();
        await Promise.all(networks.map((network) => network.close()));
      },
    };
  });

  test("every key carries the client's hash tag and has an end", async () => {
    const keyPrefix = testKeyPrefix();
    const gateways = openOtpGateways(url, keyPrefix);
    const sessions = await gateways.open();
    const request = newOtpCreate("client-1", { lifeMs: 60_000 });
    await sessions.create(request);
    const resend = newOtpResend(request);
    await sessions.resend(resend);
    await sessions.discard(resend.ref);
    await sessions.check(checkOf(request));
    const keys = await raw.keys(`${keyPrefix}*`);
    expect(keys).toHaveLength(3);
    for (const key of keys) {
      expect(key.startsWith(`${keyPrefix}{client-1}:otp:`)).toBe(true);
      const endsInMs = await raw.pttl(key);
      expect(endsInMs).toBeGreaterThan(0);
      expect(endsInMs).toBeLessThanOrEqual(24 * 3_600_000 + 60_000);
    }
    await gateways.close();
  });

  test("the order of a number's sessions keeps no ids of sessions that are gone", async () => {
    const keyPrefix = testKeyPrefix();
    const gateways = openOtpGateways(url, keyPrefix);
    const sessions = await gateways.open();
    const { phoneNumber } = newOtpCreate("client-1").ref;
    const [first, second, third, last] = Array.from({ length: 4 }, () => newOtpCreate("client-1", { phoneNumber }));
    if (first === undefined || second === undefined || third === undefined || last === undefined)
      throw new Error("four");
    for (const request of [first, second, third]) await sessions.create(request);
    for (const { ref } of [first, third]) await raw.del(`${keyPrefix}{client-1}:otp:session:${ref.sessionId}`);
    await sessions.create(last);
    const kept = await raw.zrange(`${keyPrefix}{client-1}:otp:number:${phoneNumber}`, "0", "-1");
    expect(kept).toEqual([second.ref.sessionId, last.ref.sessionId]);
    await gateways.close();
  });
});
