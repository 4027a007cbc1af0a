import { labAccount } from "@sms-gateway/carrier-lab";
import twilio from "twilio";
import { describe, expect, test, vi } from "vitest";
import { basicAuth, getAs, LAB_TOKEN, readHandset, readObject, startLab, submit } from "./start-lab.ts";

const BOUND = { timeout: 30_000, interval: 5 };
const GOOD = { To: "+15005550006", From: "+15005550100", Body: "Hello" };

function createSdk(origin: string, provider = "twilio") {
  const { accountSid, authToken } = labAccount(provider, LAB_TOKEN);
  const sdk = twilio(accountSid, authToken, { timeout: 5000 });
  sdk.api.baseUrl = `${origin}/twilio`;
  return sdk;
}

function authorizationOf(provider: string): string {
  const { accountSid, authToken } = labAccount(provider, LAB_TOKEN);
  return basicAuth(accountSid, authToken);
}

describe("with the official SDK", () => {
  test("a message is sent, fetched and found in the list", async () => {
    const { origin } = await startLab();
    const sdk = createSdk(origin);
    const message = await sdk.messages.create({ to: "+15005550006", from: "Shop", body: "Hello" });
    expect(message.sid).toMatch(/^SM[0-9a-f]{32}$/);
    expect(message.status).toBe("queued");
    expect(message.dateCreated.getTime()).toBeGreaterThan(Date.now() - 60_000);
    await vi.waitFor(async () => expect((await sdk.messages(message.sid).fetch()).status).toBe("delivered"), BOUND);
    const found = await sdk.messages.list({
      to: "+15005550006",
      from: "Shop",
      dateSent: message.dateCreated,
      limit: 20,
    });
    expect(found.map(({ sid }) => sid)).toContain(message.sid);
  });

  test("an invalid number is its RestException with status and code", async () => {
    const { origin } = await startLab();
    const sending = createSdk(origin).messages.create({ to: "+15005550001", from: "Shop", body: "Hello" });
    const error: unknown = await sending.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(twilio.RestException);
    expect(error).toMatchObject({
      status: 400,
      code: 21211,
      moreInfo: "https://www.twilio.com/docs/errors/21211",
      message: expect.stringContaining("+15005550001"),
    });
  });

  test("try later is its RestException with status and code", async () => {
    const { origin } = await startLab();
    const sending = createSdk(origin).messages.create({ to: "+15005550015", from: "Shop", body: "Hello" });
    await expect(sending).rejects.toMatchObject({ status: 429, code: 20429 });
  });

  test("pages through the list without a gap or a double", async () => {
    const { origin } = await startLab();
    const sdk = createSdk(origin);
    const sids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      sids.push((await sdk.messages.create({ to: "+15005550006", from: "Shop", body: `Hello ${index}` })).sid);
    }
    await createSdk(origin, "nexmo").messages.create({ to: "+15005550006", from: "Shop", body: "of another account" });
    const found = await sdk.messages.list({ pageSize: 2 });
    expect(found.map(({ sid }) => sid)).toEqual(sids.reverse());
  });
});

describe("authentication", () => {
  test("a wrong token is 401 with code 20003", async () => {
    const { origin } = await startLab();
    const answer = await submit(origin, { authToken: "0".repeat(32), fields: GOOD });
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({
      code: 20003,
      message: "Authenticate",
      more_info: "https://www.twilio.com/docs/errors/20003",
      status: 401,
    });
    expect(answer.headers.get("www-authenticate")).toBe('Basic realm="Twilio API"');
  });

  test.each([
    ["no credentials", undefined],
    ["another scheme", "Bearer abc"],
    ["another account's credentials", authorizationOf("plivo")],
    ["an account that does not exist", basicAuth(`AC${"0".repeat(32)}`, "x")],
  ])("%s is 401", async (_name, authorization) => {
    const { origin } = await startLab();
    const { accountSid } = labAccount("twilio", LAB_TOKEN);
    for (const path of ["Messages.json", "Messages/SM1.json"]) {
      const response = await fetch(`${origin}/twilio/2010-04-01/Accounts/${accountSid}/${path}`, {
        headers: authorization === undefined ? {} : { Authorization: authorization },
      });
      expect(response.status).toBe(401);
    }
  });

  test("credentials of a lab with another token do not fit", async () => {
    const { origin } = await startLab({ labToken: "another-token" });
    expect((await submit(origin, { fields: GOOD })).status).toBe(401);
  });
});

describe("a form that Twilio refuses", () => {
  test.each<[string, Record<string, string>, number]>([
    ["no To", { To: "" }, 21604],
    ["a To that is no number", { To: "nobody" }, 21211],
    ["a To without a plus", { To: "15005550006" }, 21211],
    ["no sender", { From: "" }, 21603],
    ["a sender of twelve letters", { From: "Abcdefghijkl" }, 21212],
    ["a sender of spaces", { From: "   " }, 21212],
    ["a Messaging Service that is none", { From: "", MessagingServiceSid: "MG1" }, 21701],
    ["no Body", { Body: "" }, 21602],
    ["a Body of 1601 characters", { Body: "x".repeat(1601) }, 21617],
    ["a StatusCallback that is no address", { StatusCallback: "nowhere" }, 21609],
    ["a StatusCallback to a host with an underscore", { StatusCallback: "http://my_host/status" }, 21609],
    ["a ValidityPeriod of 36001 s", { ValidityPeriod: "36001" }, 21624],
  ])("%s", async (_name, fields, code) => {
    const { origin } = await startLab();
    const answer = await submit(origin, { fields: { ...GOOD, ...fields } });
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      code,
      message: expect.any(String),
      more_info: `https://www.twilio.com/docs/errors/${code}`,
      status: 400,
    });
  });

  test("is not counted as a submit of the message", async () => {
    const { origin } = await startLab();
    const fields = { ...GOOD, To: "+15005550004" };
    expect((await submit(origin, { fields: { ...fields, ValidityPeriod: "0" } })).status).toBe(400);
    expect((await submit(origin, { fields })).status).toBe(429);
  });

  test("posted as JSON is 415 in Twilio's error shape", async () => {
    const { origin } = await startLab();
    const { accountSid, authToken } = labAccount("twilio", LAB_TOKEN);
    const response = await fetch(`${origin}/twilio/2010-04-01/Accounts/${accountSid}/Messages.json`, {
      method: "POST",
      headers: { Authorization: basicAuth(accountSid, authToken), "Content-Type": "application/json" },
      body: JSON.stringify(GOOD),
    });
    expect(response.status).toBe(415);
    expect(await readObject(response)).toMatchObject({ code: 20415, status: 415 });
  });
});

test("a submit beyond the open messages that the lab holds is 429 with code 20429", async () => {
  const { origin } = await startLab({ openMessagesMax: 1, deliveryDelayMs: 60_000 });
  expect((await submit(origin, { fields: GOOD })).status).toBe(201);
  const refused = await submit(origin, { fields: GOOD });
  expect(refused.status).toBe(429);
  expect(refused.body).toMatchObject({ code: 20429 });
});

describe("an accepted message", () => {
  test("is answered with Twilio's whole resource", async () => {
    const { origin } = await startLab();
    const { accountSid } = labAccount("twilio", LAB_TOKEN);
    const { status, body } = await submit(origin, { fields: { ...GOOD, Body: "ü".repeat(161), Unknown: "field" } });
    expect(status).toBe(201);
    const rfc2822 = expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/);
    const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${body.sid}`;
    expect(body).toEqual({
      account_sid: accountSid,
      api_version: "2010-04-01",
      body: "ü".repeat(161),
      date_created: rfc2822,
      date_sent: null,
      date_updated: rfc2822,
      direction: "outbound-api",
      error_code: null,
      error_message: null,
      from: "+15005550100",
      messaging_service_sid: null,
      num_media: "0",
      num_segments: "2",
      price: null,
      price_unit: "USD",
      sid: expect.stringMatching(/^SM[0-9a-f]{32}$/),
      status: "queued",
      subresource_uris: { media: `${uri}/Media.json` },
      to: "+15005550006",
      uri: `${uri}.json`,
    });
  });

  test("may have 1600 characters outside the basic plane", async () => {
    const { origin } = await startLab();
    expect((await submit(origin, { fields: { ...GOOD, Body: "😀".repeat(1600) } })).status).toBe(201);
  });

  test("of a Messaging Service starts as accepted, without sender and segments", async () => {
    const { origin } = await startLab();
    const fields = { To: "+15005550006", MessagingServiceSid: `MG${"a".repeat(32)}`, Body: "Hello" };
    const { body } = await submit(origin, { fields });
    expect(body).toMatchObject({ status: "accepted", from: null, num_segments: "0" });
    await vi.waitFor(async () => expect(await readHandset(origin, "+15005550006")).toHaveLength(1), BOUND);
    const resource = await getAs(origin, "twilio", `Messages/${body.sid}.json`);
    expect(resource.body).toMatchObject({ status: "delivered", from: expect.any(String), num_segments: "1" });
  });

  test("is 404 with code 20404 for another account", async () => {
    const { origin } = await startLab();
    const { body } = await submit(origin, { fields: GOOD });
    const answer = await getAs(origin, "plivo", `Messages/${body.sid}.json`);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ code: 20404, status: 404 });
    expect(String(answer.body.message)).toMatch(/resource \/2010-04-01\/Accounts\//);
  });
});

describe("the list", () => {
  test("is filtered by recipient, sender and day", async () => {
    const { origin } = await startLab();
    await submit(origin, { fields: GOOD });
    await submit(origin, { fields: { ...GOOD, To: "+4915112345678" } });
    await submit(origin, { fields: { ...GOOD, From: "Shop" } });
    const count = async (query: Record<string, string>) => {
      const { body } = await getAs(origin, "twilio", `Messages.json?${new URLSearchParams(query)}`);
      return Array.isArray(body.messages) ? body.messages.length : -1;
    };
    const today = new Date().toISOString().slice(0, 10);
    await vi.waitFor(async () => expect(await count({ DateSent: today })).toBe(3), BOUND);
    expect(await count({ To: "+15005550006" })).toBe(2);
    expect(await count({ From: "Shop" })).toBe(1);
    expect(await count({ To: "+15005550006", From: "+15005550100", "DateSent>": today })).toBe(1);
    expect(await count({ "DateSent>": "2999-01-01" })).toBe(0);
    expect(await count({ "DateSent<": today })).toBe(3);
    expect(await count({ "DateSent<": "2020-01-01" })).toBe(0);
  });

  test.each(["DateSent=yesterday", "PageSize=0", "Page=x"])("refuses %s by name", async (query) => {
    const { origin } = await startLab();
    const answer = await getAs(origin, "twilio", `Messages.json?${query}`);
    expect(answer.status).toBe(400);
    expect(String(answer.body.message)).toContain(query.split("=")[0]);
  });
});
