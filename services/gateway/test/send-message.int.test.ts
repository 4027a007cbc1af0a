import { isIssuedMessageId, parseAcceptedEnvelope, SendAnswer } from "@sms-gateway/contracts";
import { waitFor } from "@sms-gateway/testkit";
import { Value } from "typebox/value";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeGateway, type GatewayWorld, MESSAGE, openWorld, SEND } from "./gateway-world.ts";
import { OTHER_KEY, TEST_KEY } from "./sample-directory.ts";

describeGateway("POST /api/v1/sms/send", (servers) => {
  let world: GatewayWorld;
  beforeAll(async () => {
    world = await openWorld(servers, { settings: { RATE_LIMIT_PER_HOUR: "0" } });
  });
  afterAll(() => world.close());

  /** Runs with another directory, and puts the first one back. */
  async function withDirectory(
    changes: Parameters<GatewayWorld["publishDirectory"]>[0],
    work: () => Promise<void>,
  ): Promise<void> {
    await world.publishDirectory(changes);
    try {
      await work();
    } finally {
      await world.publishDirectory();
    }
  }

  async function expectRefusal(
    sending: Parameters<GatewayWorld["send"]>[0],
    refusal: { readonly status: number; readonly code: string; readonly details?: unknown },
  ): Promise<void> {
    const { status, body, headers } = await world.send(sending);
    expect(body).toMatchObject({ error_code: refusal.code, ...(refusal.details ? { details: refusal.details } : {}) });
    expect(status).toBe(refusal.status);
    expect(headers["x-request-id"]).toEqual(expect.any(String));
    expect(Object.keys(body).sort()).toEqual(["details", "error_code", "message", "timestamp"]);
  }

  test("counts admissions, and the groups of what was published", async () => {
    const before = await readCounts(world);
    await world.send();
    const after = await readCounts(world);
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([1, 1, 1]);
  });

  test("202 answers as documented, and /api answers 200 with the same", async () => {
    const answers = [await world.send(), await world.send({ url: "/api/sms/send" })];
    expect(answers.map(({ status }) => status)).toEqual([202, 200]);
    for (const { body } of answers) {
      expect(Value.Errors(SendAnswer, body)).toEqual([]);
      expect(body).toMatchObject({
        success: true,
        message: "Request accepted for processing.",
        message_count: 1,
        message_ids: [body.tracking_id],
        messages: [{ id: body.tracking_id, to: "+12025550123", status: "accepted", encoding: "gsm7", segments: 1 }],
        duplicates: [],
        warnings: [],
        scheduled_for: null,
        simulated: true,
      });
    }
    expect(Object.keys(answers[0]?.body)).toEqual(Object.keys(answers[1]?.body));
  });

  test("202 gives ids that were issued to this client and to no other", async () => {
    const { body } = await world.send({ body: { ...MESSAGE, to: ["+12025550123", "+12025550124"] } });
    const secret = world.deps.settings.ID_SECRET;
    for (const id of body.message_ids) {
      expect(isIssuedMessageId(secret, "00000000-0000-7000-8000-000000000001", id)).toBe(true);
    }
    expect(isIssuedMessageId(secret, "00000000-0000-7000-8000-000000000001", body.batch_id)).toBe(false);
  });

  test("202 takes a request of 1 000 recipients", async () => {
    const to = Array.from({ length: 1_000 }, (_, index) => `+1202555${String(index).padStart(4, "0")}`);
    const { status, body } = await world.send({ body: { ...MESSAGE, to } });
    expect(status).toBe(202);
    expect(new Set(body.message_ids).size).toBe(1_000);
  });

  test.each<[string, string | Buffer]>([
    ["text", "hello"],
    ["nothing", ""],
    ["bytes", Buffer.from([0xff, 0xfe])],
  ])("400 for a body of %s", async (_what, body) => {
    await expectRefusal({ body }, { status: 400, code: "INVALID_PAYLOAD" });
  });

  test("400 for a POST without body and type", async () => {
    const response = await world.gateway.app.inject({ method: "POST", url: SEND, headers: { "api-key": TEST_KEY } });
    expect([response.statusCode, response.json().error_code]).toEqual([400, "INVALID_PAYLOAD"]);
  });

  test.each<[string, Record<string, string>]>([
    ["an unknown key", { "api-key": "wrong" }],
    ["an empty key", { "api-key": "" }],
    ["a key in the wrong place", { "api-key": "", authorization: `Digest ${TEST_KEY}` }],
  ])("401 for %s", async (_what, headers) => {
    await expectRefusal({ headers }, { status: 401, code: "UNAUTHORIZED" });
  });

  test("401 comes before anything about the body", async () => {
    const headers = { "api-key": "wrong" };
    await expectRefusal({ headers, body: "no json" }, { status: 401, code: "UNAUTHORIZED" });
    await expectRefusal(
      { headers: { ...headers, "content-type": "text/plain" } },
      { status: 401, code: "UNAUTHORIZED" },
    );
    await expectRefusal({ headers, body: "x".repeat(2 * 1024 * 1024) }, { status: 401, code: "UNAUTHORIZED" });
  });

  test.each([
    ["that was revoked", { key: { revoked: true } }],
    ["that has expired", { key: { expires_at: "2026-01-01T00:00:00.000Z" } }],
    ["of an inactive client", { client: { active: false } }],
  ])("401 for a key %s", async (_what, changes) => {
    await withDirectory(changes, () => expectRefusal({}, { status: 401, code: "UNAUTHORIZED" }));
  });

  test.each([
    ["API-Key", { "api-key": OTHER_KEY }],
    ["Bearer", { authorization: `Bearer ${OTHER_KEY}` }],
    ["Basic", { authorization: `Basic ${Buffer.from(`${OTHER_KEY}:`).toString("base64")}` }],
  ])("202 with the key given as %s", async (_how, headers) => {
    const response = await world.gateway.app.inject({ method: "POST", url: SEND, headers, payload: MESSAGE });
    expect(response.statusCode).toBe(202);
  });

  test("403 without the scope", async () => {
    await withDirectory({ key: { scopes: ["read"] } }, () =>
      expectRefusal({ body: {} }, { status: 403, code: "FORBIDDEN", details: { scope: "send" } }),
    );
  });

  test("403 for a sender of somebody else, once messages are real", async () => {
    const live = { key: { kind: "live" as const }, providers: { twilio: { accounts: { live: true, lab: true } } } };
    await withDirectory(live, async () => {
      await expectRefusal(
        { body: { ...MESSAGE, from_number: "ACME" } },
        { status: 403, code: "SENDER_NOT_ALLOWED", details: { from_number: "ACME" } },
      );
      expect((await world.send()).body.simulated).toBe(false);
    });
  });

  test("409 for the one requested provider that is disabled", async () => {
    await withDirectory({ providers: { plivo: { enabled: false } } }, () =>
      expectRefusal(
        { body: { ...MESSAGE, provider: "plivo" } },
        { status: 409, code: "PROVIDER_DISABLED", details: { providers: ["plivo"] } },
      ),
    );
  });

  test("409 when all requested providers are disabled", async () => {
    await withDirectory({ providers: { plivo: { enabled: false }, twilio: { paused: true } } }, async () => {
      await expectRefusal(
        { body: { ...MESSAGE, providers: ["plivo", "twilio"] } },
        { status: 409, code: "ALL_PROVIDERS_DISABLED" },
      );
      expect((await world.send({ body: { ...MESSAGE, providers: ["plivo", "nexmo"] } })).status).toBe(202);
    });
  });

  test("413 for more than a megabyte", async () => {
    await expectRefusal(
      { body: { ...MESSAGE, metadata: { a: "x".repeat(1024 * 1024) } } },
      { status: 413, code: "PAYLOAD_TOO_LARGE" },
    );
  });

  test("415 for anything but JSON", async () => {
    await expectRefusal(
      { body: "to=1&message=2", headers: { "content-type": "application/x-www-form-urlencoded" } },
      { status: 415, code: "UNSUPPORTED_MEDIA_TYPE" },
    );
  });

  test("422 lists every problem, of the schema, of meaning and of the key", async () => {
    const { status, body } = await world.send({
      body: { to: ["+12025550123", "abc", { name: "Ana" }], priority: 9, from_number: "!", expire_at: "soon" },
      headers: { "idempotency-key": "not allowed" },
    });
    expect([status, body.error_code]).toEqual([422, "INVALID_PAYLOAD"]);
    expect(body.details.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
      "/expire_at",
      "/from_number",
      "/message",
      "/priority",
      "/to/2/number",
      "header:Idempotency-Key",
    ]);
  });

  test("422 for a bad recipient refuses the whole request and names it", async () => {
    await expectRefusal(
      { body: { ...MESSAGE, to: ["+12025550123", "abc"] } },
      { status: 422, code: "INVALID_PAYLOAD", details: { errors: [{ path: "/to/1" }] } },
    );
  });

  test("422 for a provider that does not exist", async () => {
    await expectRefusal(
      { body: { ...MESSAGE, provider: "acme" } },
      {
        status: 422,
        code: "UNKNOWN_PROVIDER",
        details: { allowed: ["twilio", "aws_sns", "plivo", "nexmo", "clickatell"] },
      },
    );
  });

  test("422 for a message that no provider can carry", async () => {
    await expectRefusal(
      { body: { ...MESSAGE, message: "00ff", message_type: "binary" } },
      { status: 422, code: "UNSUPPORTED_MESSAGE" },
    );
  });

  test("422 for a template, as there is none yet", async () => {
    await expectRefusal(
      { body: { to: "+12025550123", template_id: "promo_template", template_variables: { discount: "50%" } } },
      { status: 422, code: "TEMPLATE_NOT_FOUND", details: { template_id: "promo_template" } },
    );
  });

  test("422 for times that are over or too far away", async () => {
    await expectRefusal(
      { body: { ...MESSAGE, expire_at: "2024-01-15T12:00:00Z" } },
      {
        status: 422,
        code: "INVALID_PAYLOAD",
        details: { errors: [{ path: "/expire_at", message: "must be in the future" }] },
      },
    );
  });

  test("503 when no provider is operational", async () => {
    const off = { enabled: false };
    const providers = { twilio: off, aws_sns: off, plivo: off, nexmo: off, clickatell: off };
    await withDirectory({ providers }, async () => {
      await expectRefusal({}, { status: 503, code: "NO_PROVIDER_AVAILABLE" });
      expect((await world.send()).headers["retry-after"]).toBe("30");
    });
  });

  test("a request that is refused is one line in the log, with its code", async () => {
    const before = world.log.length;
    await world.send({ body: {}, headers: { "x-request-id": "refused-one" } });
    const lines = await waitFor(
      () => {
        const found = world.log.slice(before).filter((line) => line.includes("refused-one"));
        return found.length > 0 ? found : undefined;
      },
      { what: "the line" },
    );
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      event: "http.request",
      route: SEND,
      status: 422,
      error_code: "INVALID_PAYLOAD",
    });
  });
});

describeGateway("what the worker gets", (servers) => {
  let world: GatewayWorld;
  beforeAll(async () => {
    world = await openWorld(servers, {
      settings: { RATE_LIMIT_PER_HOUR: "0", TRUST_PROXY: "1", DEFAULT_FROM_NUMBER: "+15005550006" },
    });
  });
  afterAll(() => world.close());

  test("is the whole request, once, in the lane of its urgency, and nothing of what was refused", async () => {
    const sent = [];
    sent.push(
      await world.send({
        body: {
          to: [{ number: "+12025550123", name: "Ana" }, "+12025550124"],
          message: "Grüße 你好",
          sms_type: "otp",
          custom_id: "c-1",
          metadata: { a: 1 },
        },
        headers: {
          "idempotency-key": "key-1",
          "user-agent": "tests/1.0",
          "x-request-id": "r-1",
          "x-forwarded-for": "203.0.113.7",
        },
      }),
    );
    sent.push(
      await world.send({
        body: { ...MESSAGE, sms_type: "marketing", from_number: "ACME" },
        headers: { "x-forwarded-for": "not an address" },
      }),
    );
    sent.push(await world.send({ body: { ...MESSAGE, schedule_at: new Date(Date.now() + 60_000).toISOString() } }));
    await world.send({ body: { ...MESSAGE, to: "abc" } });
    await world.send({ headers: { "api-key": "wrong" } });
    const envelopes = await world.takeEnvelopes(3);
    expect(envelopes).toHaveLength(3);
    for (const envelope of envelopes) expect(parseAcceptedEnvelope(envelope).ok).toBe(true);
    const [otp, marketing, scheduled] = sent.map(({ body }) =>
      envelopes.find(({ batch_id }) => batch_id === body.batch_id),
    );
    expect(otp).toMatchObject({
      client_id: "00000000-0000-7000-8000-000000000001",
      key_id: "00000000-0000-7000-8000-0000000000a1",
      idempotency_key_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      request: { id: "r-1", ip: "203.0.113.7", user_agent: "tests/1.0", message_length: 8 },
      text: "Grüße 你好",
      encoding: "ucs2",
      from_number: "+15005550006",
      custom_id: "c-1",
      metadata: { a: 1 },
      recipients: [
        { id: sent[0]?.body.message_ids[0], to: "+12025550123", name: "Ana" },
        { id: sent[0]?.body.message_ids[1], to: "+12025550124" },
      ],
    });
    expect(Date.parse(otp?.expire_at ?? "") - Date.parse(otp?.accepted_at ?? "")).toBe(300_000);
    expect(marketing).toMatchObject({
      from_number: "ACME",
      priority: 5,
      idempotency_key_hash: null,
      request: { ip: "127.0.0.1" },
    });
    expect(scheduled?.schedule_at).toBe(sent[2]?.body.scheduled_for);
  });
});

describeGateway("a gateway's faults", (servers) => {
  test("500 tells nothing, and the cause is in the log", async () => {
    const world = await openWorld(servers, {
      wrap: ({ admission }) => ({
        admission: { ...admission, admit: () => Promise.reject(new TypeError("secret cause")) },
      }),
    });
    try {
      const { status, body, text } = await world.send({ headers: { "x-request-id": "faulty" } });
      expect([status, body.error_code, body.details]).toEqual([500, "INTERNAL_ERROR", {}]);
      expect(text).not.toContain("secret cause");
      expect(world.log.filter((line) => line.includes("secret cause") && line.includes("faulty"))).toHaveLength(1);
    } finally {
      await world.close();
    }
  });

  test("503 directory_not_loaded, not 401, before a directory was ever loaded", async () => {
    const world = await openWorld(servers, { withoutDirectory: true });
    try {
      for (const key of ["", "wrong"]) {
        const { status, body, headers } = await world.send({ headers: { "api-key": key } });
        expect([status, body.error_code, headers["retry-after"]]).toEqual([503, "SERVICE_UNAVAILABLE", "1"]);
        expect(body.details).toEqual({ outcome: "not_accepted", reason: "directory_not_loaded" });
      }
      await world.publishDirectory();
      expect((await world.send()).status).toBe(202);
    } finally {
      await world.close();
    }
  });
});

/** How often was observed: an admission, a group, a confirmed publish. */
async function readCounts({ gateway }: GatewayWorld): Promise<number[]> {
  const { payload } = await gateway.app.inject("/metrics");
  return [
    /^sms_admission_seconds_count\{[^}]*\} (\d+)/m,
    /^sms_publish_group_envelopes_count\{[^}]*\} (\d+)/m,
    /^sms_publish_seconds_count\{[^}]*ending="confirmed"[^}]*\} (\d+)/m,
  ].map((line) => Number(line.exec(payload)?.[1] ?? 0));
}
