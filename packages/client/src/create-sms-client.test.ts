import { describe, expect, test } from "vitest";
import { errorBody, type ScriptedAnswer, startScriptedServer } from "../test/scripted-server.ts";
import { createSmsClient, type SmsClientOptions } from "./create-sms-client.ts";
import { SmsApiError } from "./sms-api-error.ts";

const API_KEY = "key-of-the-tests";
const ACCEPTED: ScriptedAnswer = { status: 202, body: { success: true, tracking_id: "id-1" } };
const UNAVAILABLE: ScriptedAnswer = {
  status: 503,
  body: errorBody("SERVICE_UNAVAILABLE", { details: { outcome: "not_accepted" } }),
};
const REQUEST = { to: "+15005550006", message: "hello" };

async function startClient(answers: ScriptedAnswer[], options: Partial<SmsClientOptions> = {}) {
  const { baseUrl, received } = await startScriptedServer(...answers);
  return { client: createSmsClient({ baseUrl, apiKey: API_KEY, ...options }), baseUrl, received };
}

async function failureOf(call: Promise<unknown>): Promise<SmsApiError> {
  const error: unknown = await call.then(
    () => new Error("the call did not fail"),
    (reason: unknown) => reason,
  );
  if (error instanceof SmsApiError) return error;
  throw error;
}

describe("send", () => {
  test("posts the request with the API key and a key of its own", async () => {
    const { client, received } = await startClient([ACCEPTED]);
    const answer = await client.send(REQUEST);
    expect(answer.tracking_id).toBe("id-1");
    expect(received[0]).toMatchObject({ method: "POST", url: "/api/v1/sms/send", body: REQUEST });
    expect(received[0]?.headers).toMatchObject({ "api-key": API_KEY, "content-type": "application/json" });
    expect(received[0]?.headers["idempotency-key"]).toMatch(/^[0-9a-f]{32}$/);
  });

  test("makes another key for every call and takes the given one", async () => {
    const { client, received } = await startClient([ACCEPTED]);
    await client.send(REQUEST);
    await client.send(REQUEST);
    await client.send(REQUEST, { idempotencyKey: "order-7" });
    const [first, second, third] = received.map(({ headers }) => headers["idempotency-key"]);
    expect(first).not.toBe(second);
    expect(third).toBe("order-7");
  });

  test("repeats with the same key after a 503, a lost connection, a 409 in progress and a silent server", async () => {
    const inProgress = { status: 409, body: errorBody("IDEMPOTENCY_IN_PROGRESS") };
    const { client, received } = await startClient([UNAVAILABLE, "drop", inProgress, "hang", ACCEPTED], {
      timeoutMs: 150,
      retries: 4,
    });
    expect((await client.send(REQUEST)).tracking_id).toBe("id-1");
    expect(new Set(received.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(received).toHaveLength(5);
  });

  test("gives up after the retries it was given and tells the key", async () => {
    const { client, received } = await startClient([UNAVAILABLE], { retries: 1 });
    const error = await failureOf(client.send(REQUEST, { idempotencyKey: "order-8" }));
    expect(error).toMatchObject({ status: 503, code: "SERVICE_UNAVAILABLE", idempotencyKey: "order-8" });
    expect(error.details).toEqual({ outcome: "not_accepted" });
    expect(received).toHaveLength(2);
  });

  test("keeps the tracking id of an unknown outcome when later tries get no answer", async () => {
    const unknown = { status: 503, body: errorBody("SERVICE_UNAVAILABLE", { tracking_id: "id-9" }) };
    const { client } = await startClient([unknown, "drop"], { retries: 1 });
    expect(await failureOf(client.send(REQUEST))).toMatchObject({ status: 0, code: "NO_ANSWER", trackingId: "id-9" });
  });

  test("waits as long as Retry-After says", async () => {
    const { client } = await startClient([{ ...UNAVAILABLE, headers: { "retry-after": "1" } }, ACCEPTED]);
    const startedAtMs = performance.now();
    await client.send(REQUEST);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(990);
  });

  test("leaves a long Retry-After to the caller", async () => {
    const { client, received } = await startClient([{ ...UNAVAILABLE, headers: { "retry-after": "30" } }]);
    expect((await failureOf(client.send(REQUEST))).retryAfterS).toBe(30);
    expect(received).toHaveLength(1);
  });

  test("reads a Retry-After that is a date", async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
    const { client } = await startClient([{ ...UNAVAILABLE, headers: { "retry-after": inAnHour } }]);
    const { retryAfterS = 0 } = await failureOf(client.send(REQUEST));
    expect(retryAfterS).toBeGreaterThan(3590);
    expect(retryAfterS).toBeLessThanOrEqual(3600);
  });

  test.each([
    [422, "INVALID_PAYLOAD"],
    [422, "IDEMPOTENCY_KEY_REUSED"],
    [401, "UNAUTHORIZED"],
    [429, "TOO_MANY_REQUESTS"],
    [409, "PROVIDER_DISABLED"],
    [500, "INTERNAL_ERROR"],
  ])("passes %i %s on at once", async (status, code) => {
    const errors = [{ path: "/to", message: "is required" }];
    const { client, received } = await startClient([{ status, body: errorBody(code, { details: { errors } }) }]);
    expect(await failureOf(client.send(REQUEST))).toMatchObject({ status, code, details: { errors }, message: "no" });
    expect(received).toHaveLength(1);
  });

  test("repeats after a 502 page of a proxy and says what it was", async () => {
    const { client, received } = await startClient([{ status: 502, body: "<h1>Bad Gateway</h1>" }], { retries: 1 });
    expect(await failureOf(client.send(REQUEST))).toMatchObject({ status: 502, code: "BAD_ANSWER" });
    expect(received).toHaveLength(2);
  });

  test("refuses a success that is not JSON", async () => {
    const { client } = await startClient([{ status: 200, body: "SMS API is running!" }]);
    expect(await failureOf(client.send(REQUEST))).toMatchObject({ status: 200, code: "BAD_ANSWER" });
  });

  test("follows no redirect, which would carry the key elsewhere", async () => {
    const elsewhere = await startScriptedServer(ACCEPTED);
    const { client } = await startClient([{ status: 307, body: {}, headers: { location: elsewhere.baseUrl } }], {
      retries: 0,
    });
    expect((await failureOf(client.send(REQUEST))).code).toBe("NO_ANSWER");
    expect(elsewhere.received).toHaveLength(0);
  });

  test("fails with NO_ANSWER and without the API key in the error when nobody listens", async () => {
    const { client } = await startClient(["drop"], { retries: 0 });
    const error = await failureOf(client.send(REQUEST));
    expect(error).toMatchObject({ status: 0, code: "NO_ANSWER" });
    expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain(API_KEY);
  });
});

describe("reading", () => {
  test("gets a message by its id, which cannot change the path", async () => {
    const { client, received } = await startClient([{ status: 200, body: { id: "a", status: "sent" } }]);
    await client.getMessage("../admin?x");
    expect(received[0]).toMatchObject({ method: "GET", url: "/api/v1/sms/..%2Fadmin%3Fx" });
    expect(received[0]?.headers["idempotency-key"]).toBeUndefined();
  });

  test("repeats a read that found the worker away", async () => {
    const { client, received } = await startClient([UNAVAILABLE, { status: 200, body: { status: "sent" } }]);
    expect((await client.getMessage("a")).status).toBe("sent");
    expect(received).toHaveLength(2);
  });

  test("lists with the query as the API spells it", async () => {
    const { client, received } = await startClient([{ status: 200, body: { items: [] } }]);
    await client.listMessages({ to: "+15005550006", sms_type: "otp", limit: 5 });
    await client.listMessages();
    expect(received.map(({ url }) => url)).toEqual([
      "/api/v1/sms?to=%2B15005550006&sms_type=otp&limit=5",
      "/api/v1/sms",
    ]);
  });

  test("cancels with one POST and never twice", async () => {
    const { client, received } = await startClient([UNAVAILABLE]);
    expect((await failureOf(client.cancelMessage("a"))).code).toBe("SERVICE_UNAVAILABLE");
    expect(received.map(({ method, url }) => `${method} ${url}`)).toEqual(["POST /api/v1/sms/a/cancel"]);
  });
});

describe("waitForFinal", () => {
  const seen = (status: string): ScriptedAnswer => ({ status: 200, body: { id: "a", status, attempts: [] } });

  test("polls over outages until the message is final", async () => {
    const answers = [
      { status: 200, body: { id: "a", status: "accepted" } },
      seen("sent"),
      UNAVAILABLE,
      "drop" as const,
    ];
    const { client, received } = await startClient([...answers, seen("delivered")]);
    expect((await client.waitForFinal("a")).status).toBe("delivered");
    expect(received).toHaveLength(5);
  });

  test("says what it last saw when the time is over", async () => {
    const { client } = await startClient([seen("sent")]);
    const error = await failureOf(client.waitForFinal("a", { timeoutMs: 250 }));
    expect(error).toMatchObject({ code: "NOT_FINAL_IN_TIME", details: { status: "sent" } });
  });

  test("fails at once for a message that is not there", async () => {
    const { client } = await startClient([{ status: 404, body: errorBody("NOT_FOUND") }]);
    expect(await failureOf(client.waitForFinal("a"))).toMatchObject({ status: 404, code: "NOT_FOUND" });
  });
});

describe("options", () => {
  test("keeps a path in front of the API and drops slashes at its end", async () => {
    const { baseUrl, received } = await startScriptedServer({ status: 200, body: {} });
    await createSmsClient({ baseUrl: `${baseUrl}/sms-service//`, apiKey: API_KEY }).getMessage("a");
    expect(received[0]?.url).toBe("/sms-service/api/v1/sms/a");
  });

  test.each<[string, Partial<SmsClientOptions>]>([
    ["baseUrl", { baseUrl: "localhost:8001" }],
    ["apiKey", { apiKey: "" }],
    ["apiKey", { apiKey: "a\nb" }],
    ["timeoutMs", { timeoutMs: 0 }],
    ["retries", { retries: 1.5 }],
  ])("names %s when it cannot be used", (name, bad) => {
    const create = () => createSmsClient({ baseUrl: "http://localhost:8001", apiKey: API_KEY, ...bad });
    expect(create).toThrow(new RegExp(`^${name} must be`));
  });
});
