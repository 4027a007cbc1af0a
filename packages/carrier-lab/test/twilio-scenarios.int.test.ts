import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { labAccount } from "@sms-gateway/carrier-lab";
import { expect, test, vi } from "vitest";
import { startCallbackTarget } from "./callback-target.ts";
import { getAs, LAB_TOKEN, readHandset, startLab, submit } from "./start-lab.ts";

const BOUND = { timeout: 30_000, interval: 5 };

async function startWorld() {
  const target = await startCallbackTarget();
  const { origin } = await startLab();
  const messageKey = randomUUID();
  const statusCallback = target.statusCallback(messageKey);
  const send = (to: string, provider = "twilio") =>
    submit(origin, {
      provider,
      fields: { To: to, From: "+15005550100", Body: "Hello", StatusCallback: statusCallback },
    });
  return { target, origin, send, messageKey };
}

/** A later message to an ordinary number; when it is delivered, whatever an earlier one had coming has come. */
async function passTime(world: Awaited<ReturnType<typeof startWorld>>): Promise<void> {
  await submit(world.origin, { fields: { To: "+4915112345678", From: "Shop", Body: "later" } });
  await vi.waitFor(async () => expect(await readHandset(world.origin, "+4915112345678")).toHaveLength(1), BOUND);
}

test.each(["+15005550006", "+4917612345678"])(
  "%s gets the text, and the sender hears sent, then delivered",
  async (to) => {
    const { target, origin, send } = await startWorld();
    const answer = await send(to);
    expect(answer.status).toBe(201);
    await vi.waitFor(() => expect(target.statuses()).toEqual(["sent", "delivered"]), BOUND);

    const messages = await readHandset(origin, to);
    expect(messages).toEqual([
      { from: "+15005550100", message: "Hello", provider: "twilio", received_at: expect.any(String) },
    ]);
    expect(Date.parse(String(messages[0]?.received_at))).toBeGreaterThan(Date.now() - 60_000);
    const resource = await getAs(origin, "twilio", `Messages/${answer.body.sid}.json`);
    expect(resource.body).toMatchObject({ status: "delivered", price: "-0.00750", error_code: null });
    expect(resource.body.date_sent).not.toBeNull();
  },
);

test("every callback is signed for the account that submitted, over the address as it was given", async () => {
  const { target, send } = await startWorld();
  await send("+15005550006", "plivo");
  await vi.waitFor(() => expect(target.received).toHaveLength(2), BOUND);
  const { accountSid, authToken } = labAccount("plivo", LAB_TOKEN);
  for (const callback of target.received) {
    expect(callback.fields.AccountSid).toBe(accountSid);
    expect(target.isSigned(callback, authToken)).toBe(true);
    expect(target.isSigned(callback, labAccount("twilio", LAB_TOKEN).authToken)).toBe(false);
    expect(target.isSigned({ ...callback, fields: { ...callback.fields, MessageStatus: "failed" } }, authToken)).toBe(
      false,
    );
  }
});

test("a callback has the fields and the media type of Twilio's", async () => {
  const { target, send } = await startWorld();
  const { body } = await send("+15005550006");
  await vi.waitFor(() => expect(target.received).toHaveLength(2), BOUND);
  const [sent, delivered] = target.received;
  expect(sent?.fields).toEqual({
    MessageSid: body.sid,
    SmsSid: body.sid,
    MessageStatus: "sent",
    SmsStatus: "sent",
    To: "+15005550006",
    From: "+15005550100",
    AccountSid: body.account_sid,
    ApiVersion: "2010-04-01",
  });
  expect(delivered?.fields.RawDlrDoneDate).toMatch(/^\d{10}$/);
  expect(sent?.headers["content-type"]).toMatch(/^application\/x-www-form-urlencoded/);
});

test("001 is refused as an invalid number and reaches nobody", async () => {
  const world = await startWorld();
  const answer = await world.send("+15005550001");
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ code: 21211, status: 400 });
  await passTime(world);
  expect(world.target.received).toHaveLength(0);
  expect(await readHandset(world.origin, "+15005550001")).toEqual([]);
});

test("002 is accepted and ends undelivered with code 30005; the handset gets nothing", async () => {
  const { target, origin, send } = await startWorld();
  const answer = await send("+15005550002");
  expect(answer.status).toBe(201);
  await vi.waitFor(() => expect(target.statuses()).toEqual(["sent", "undelivered"]), BOUND);
  expect(target.received[0]?.fields.ErrorCode).toBeUndefined();
  expect(target.received[1]?.fields.ErrorCode).toBe("30005");
  expect(await readHandset(origin, "+15005550002")).toEqual([]);
  const resource = await getAs(origin, "twilio", `Messages/${answer.body.sid}.json`);
  expect(resource.body).toMatchObject({ status: "undelivered", error_code: 30005 });
});

test("003 says try later twice, counted over all accounts, and then delivers", async () => {
  const { target, send } = await startWorld();
  const first = await send("+15005550003", "twilio");
  const second = await send("+15005550003", "nexmo");
  expect([first.status, second.status]).toEqual([429, 429]);
  expect(first.body).toMatchObject({ code: 20429, status: 429 });
  expect(first.headers.get("retry-after")).toBeNull();
  expect((await send("+15005550003", "twilio")).status).toBe(201);
  await vi.waitFor(() => expect(target.statuses()).toEqual(["sent", "delivered"]), BOUND);
});

test("003 counts messages without a callback address by number and text", async () => {
  const { origin } = await startWorld();
  const send = (body: string) => submit(origin, { fields: { To: "+15005550003", From: "Shop", Body: body } });
  const statuses = [];
  for (const body of ["one", "one", "two", "one"]) statuses.push((await send(body)).status);
  expect(statuses).toEqual([429, 429, 429, 201]);
});

test("004 says once to try again in 2 s and then delivers", async () => {
  const { target, send } = await startWorld();
  const first = await send("+15005550004");
  expect(first.status).toBe(429);
  expect(first.headers.get("retry-after")).toBe("2");
  expect((await send("+15005550004")).status).toBe(201);
  await vi.waitFor(() => expect(target.statuses()).toEqual(["sent", "delivered"]), BOUND);
});

test("009 reports, and waits for the answers, before it answers the submit", async () => {
  const answered: string[] = [];
  const target = await startCallbackTarget((response, { fields }) => {
    setTimeout(() => {
      answered.push(String(fields.MessageStatus));
      response.writeHead(204).end();
    }, 30);
  });
  const { origin } = await startLab();
  const fields = { To: "+15005550009", From: "Shop", Body: "Hi", StatusCallback: target.statusCallback("early") };
  const answer = await submit(origin, { fields });
  expect(answered).toEqual(["sent", "delivered"]);
  expect(answer.body).toMatchObject({ status: "queued", sid: target.received[0]?.fields.MessageSid });
  expect(await readHandset(origin, "+15005550009")).toHaveLength(1);
});

test("010 reports everything twice but delivers once", async () => {
  const { target, origin, send } = await startWorld();
  await send("+15005550010");
  await vi.waitFor(() => expect(target.statuses()).toEqual(["sent", "sent", "delivered", "delivered"]), BOUND);
  expect(await readHandset(origin, "+15005550010")).toHaveLength(1);
});

test("011 reports delivered first and sent afterwards; asked for, it stays delivered", async () => {
  const { target, origin, send } = await startWorld();
  const { body } = await send("+15005550011");
  await vi.waitFor(() => expect(target.statuses()).toEqual(["delivered", "sent"]), BOUND);
  const resource = await getAs(origin, "twilio", `Messages/${body.sid}.json`);
  expect(resource.body.status).toBe("delivered");
});

test("012 reaches the handset without a report; asked for, it stays sent", async () => {
  const world = await startWorld();
  const { body } = await world.send("+15005550012");
  await vi.waitFor(async () => expect(await readHandset(world.origin, "+15005550012")).toHaveLength(1), BOUND);
  await passTime(world);
  expect(world.target.received).toHaveLength(0);
  const resource = await getAs(world.origin, "twilio", `Messages/${body.sid}.json`);
  expect(resource.body.status).toBe("sent");
});

test("014 is refused by the account asked first, however often, and accepted by another", async () => {
  const { origin, target, send } = await startWorld();
  expect((await send("+15005550014", "plivo")).status).toBe(429);
  expect((await send("+15005550014", "plivo")).status).toBe(429);
  expect((await send("+15005550014", "twilio")).status).toBe(201);
  expect((await send("+15005550014", "plivo")).status).toBe(429);
  await vi.waitFor(() => expect(target.statuses()).toEqual(["sent", "delivered"]), BOUND);
  expect(await readHandset(origin, "+15005550014")).toMatchObject([{ provider: "twilio" }]);
});

test("015 is refused by every account", async () => {
  const { send } = await startWorld();
  for (const provider of ["twilio", "aws_sns", "plivo", "nexmo", "clickatell"]) {
    expect((await send("+15005550015", provider)).status).toBe(429);
  }
});

test("a message submitted twice reaches the handset twice, and the file tells that it was one message", async () => {
  const target = await startCallbackTarget();
  const { origin, inboxFile } = await startLab();
  const fields = { To: "+15005550006", From: "Shop", Body: "Hi", StatusCallback: target.statusCallback("double") };
  const answers = [await submit(origin, { fields }), await submit(origin, { fields, provider: "nexmo" })];
  await vi.waitFor(async () => expect(await readHandset(origin, "+15005550006")).toHaveLength(2), BOUND);
  await vi.waitFor(async () => {
    const lines = (await readFile(inboxFile, "utf8")).trim().split("\n");
    const receipts = lines.map((line) => JSON.parse(line));
    expect(receipts.map(({ m }) => m)).toEqual(["double", "double"]);
    expect(receipts.map(({ id }) => id)).toEqual(answers.map(({ body }) => body.sid));
  }, BOUND);
});
