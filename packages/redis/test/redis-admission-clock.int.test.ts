import type { Admission } from "@sms-gateway/contracts";
import { describeWith, newClientId, newRequest, testKeyPrefix, waitFor } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openGateways } from "./open-gateways.ts";

/** One, and the next after a second. */
const SHORT = { limits: { perSecond: 1, perMinute: 0, perHour: 0, dailyQuota: 0 } };
/** One, and the next after an hour. */
const LONG = { limits: { perSecond: 0, perMinute: 0, perHour: 1, dailyQuota: 0 } };

const HOUR_MS = 3_600_000;
/** The stored time lies ahead by that, and so does the end of the key, which Redis keeps as a time too. */
const PUT_AHEAD = `
local rates = cmsgpack.unpack(redis.call('GET', KEYS[1]))
rates[1] = rates[1] + ARGV[1] * 1000
redis.call('SET', KEYS[1], cmsgpack.pack(rates), 'PX', redis.call('PTTL', KEYS[1]) + ARGV[1])`;

describeWith("redis", "the admission when the clock of Redis is set back", (url) => {
  const keyPrefix = testKeyPrefix();
  const gateways = openGateways(url, keyPrefix);
  let admission: Admission;
  beforeAll(async () => {
    ({ admission } = await gateways.open());
  });
  afterAll(() => gateways.close());

  const ratesKey = (client: string) => `${keyPrefix}{${client}}:rates`;
  /** As if the clock had been an hour ahead until now. */
  const setClockBack = (client: string) => gateways.raw.eval(PUT_AHEAD, 1, ratesKey(client), HOUR_MS);
  /** The debts, and the time at which they were stored. */
  const readStored = (client: string) => gateways.raw.getBuffer(ratesKey(client));

  test("lets a client at its limit pass after the normal time", async () => {
    const client = newClientId();
    await admission.admit(newRequest(client, null, SHORT));
    await setClockBack(client);
    expect(await admission.admit(newRequest(client, null, SHORT))).toMatchObject({
      outcome: "limited",
      retryAfterS: 1,
    });
    const passes = async () => (await admission.admit(newRequest(client, null, SHORT))).outcome === "admitted";
    await waitFor(passes, { what: "the next request to pass" });
  });

  test("is written to once by the requests that it refuses, and not at all while the clock runs on", async () => {
    const client = newClientId();
    await admission.admit(newRequest(client, null, LONG));
    const beRefused = async () => {
      expect(await admission.admit(newRequest(client, null, LONG))).toMatchObject({ outcome: "limited" });
      return await readStored(client);
    };
    const charged = await readStored(client);
    expect(await beRefused()).toEqual(charged);
    await setClockBack(client);
    const ahead = await readStored(client);
    const kept = await beRefused();
    expect(kept).not.toEqual(ahead);
    expect(await beRefused()).toEqual(kept);
  });
});
