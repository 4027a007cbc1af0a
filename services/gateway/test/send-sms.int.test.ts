import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeGateway, type GatewayWorld, openWorld } from "./gateway-world.ts";

describeGateway("POST /send-sms", (servers) => {
  let world: GatewayWorld;
  beforeAll(async () => {
    world = await openWorld(servers, { settings: { RATE_LIMIT_PER_HOUR: "0" } });
  });
  afterAll(() => world.close());

  const forms = {
    "000": { to: "+12025550123", message: "Hello" },
    "003": { recipient_number: "+12025550123", message_content: "Hello" },
    "001": {
      senderPhone: "1234567890",
      receiverPhone: "12025550123",
      messageText: "Hello",
      timestamp: 1_645_845_235,
      uuid: "",
    },
  };

  describe.each(["/send-sms", "/api/send-sms"])("at %s", (url) => {
    test.each(Object.entries(forms))("200 for the form of requirement %s", async (_requirement, form) => {
      const body = "uuid" in form ? { ...form, uuid: randomUUID() } : form;
      const answer = await world.send({ url, body });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        success: true,
        message: "SMS sent successfully",
        message_sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        tracking_id: answer.body.message_sid,
      });
    });
  });

  test("takes numbers that are JSON numbers", async () => {
    const body = {
      senderPhone: 1_234_567_890,
      receiverPhone: 12_025_550_123,
      messageText: 42,
      timestamp: 1,
      uuid: randomUUID(),
    };
    expect((await world.send({ url: "/send-sms", body })).status).toBe(200);
  });

  test("takes the uuid of requirement 001 as Idempotency-Key, over both addresses", async () => {
    const body = { ...forms["001"], uuid: randomUUID() };
    const first = await world.send({ url: "/api/send-sms", body });
    await expect
      .poll(async () => (await world.send({ url: "/send-sms", body })).headers["idempotent-replayed"])
      .toBe("true");
    expect((await world.send({ url: "/send-sms", body })).text).toBe(first.text);
    const reused = await world.send({ url: "/send-sms", body: { ...body, messageText: "Other" } });
    expect([reused.status, reused.body.error_code]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
  });

  test.each<[string, unknown, string[], string]>([
    ["nothing", {}, ["/recipient_number", "/message_content"], "Missing recipient number or message"],
    ["no text", { to: "+12025550123" }, ["/message"], "Missing recipient number or message"],
    [
      "an empty text",
      { recipient_number: "+12025550123", message_content: "" },
      ["/message_content"],
      "Missing recipient number or message",
    ],
    ["no recipient", { message: "Hello", to: null }, ["/to"], "Missing recipient number or message"],
    ["no sender", { receiverPhone: "1", messageText: "x" }, ["/senderPhone"], "Missing senderPhone"],
  ])("400 with %s, and the error's text as `error`", async (_what, body, paths, error) => {
    const answer = await world.send({ url: "/send-sms", body });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error_code: "INVALID_PAYLOAD", message: error, error });
    expect(answer.body.details.errors.map(({ path }: { path: string }) => path)).toEqual(paths);
  });

  test("400 for what is no JSON", async () => {
    const answer = await world.send({ url: "/send-sms", body: "to=1" });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toBe(answer.body.message);
  });

  test("422 names the fields as the client did", async () => {
    const form = { senderPhone: "!", receiverPhone: "abc", messageText: "x".repeat(1601), uuid: "not allowed" };
    const answer = await world.send({ url: "/send-sms", body: form });
    expect(answer.status).toBe(422);
    expect(answer.body.details.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
      "/messageText",
      "/receiverPhone",
      "/senderPhone",
      "/uuid",
    ]);
    expect(answer.body.error).toBe(answer.body.message);
  });

  test("422 for a field of the wrong type", async () => {
    const answer = await world.send({ url: "/send-sms", body: { to: ["+12025550123"], message: {} } });
    expect(answer.status).toBe(422);
    expect(answer.body.details.errors.map(({ path }: { path: string }) => path)).toEqual(["/to", "/message"]);
  });

  test("401 and 415 carry the text as well", async () => {
    const wrongKey = await world.send({ url: "/send-sms", body: forms["000"], headers: { "api-key": "wrong" } });
    expect([wrongKey.status, wrongKey.body.error]).toEqual([401, wrongKey.body.message]);
    const wrongType = await world.send({ url: "/send-sms", body: "x", headers: { "content-type": "text/plain" } });
    expect([wrongType.status, wrongType.body.error]).toEqual([415, wrongType.body.message]);
  });
});
