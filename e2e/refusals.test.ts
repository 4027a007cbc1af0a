import { randomUUID } from "node:crypto";
import { PROVIDER_NAMES } from "@sms-gateway/contracts";
import { BUSY_MACHINE_MS, waitFor } from "@sms-gateway/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { describeWithProduct } from "./harness/describe-with-product.ts";
import { type Answer, callHttp, textOf } from "./harness/http-calls.ts";
import { sendAndWait } from "./harness/judge.ts";
import { sendText } from "./harness/load.ts";
import type { Product } from "./harness/product.ts";
import { expectCleanLogs, findFaults } from "./harness/read-logs.ts";
import { createTenant, type Tenant, waitUntilKnown } from "./harness/tenants.ts";

const WRONG_KEY = "sk_test_nobody-has-this-key";
const DELIVERED = "+15005550006";

/** A proxy, so that tests can call from many addresses: repeated failures of one are slowed down. */
const SETTINGS = { settings: { gateway: { TRUST_PROXY: "1" }, lab: { LAB_DELIVERY_DELAY_MS: "300" } } };

describeWithProduct(
  "a refused request",
  (product) => {
    const validBody = () => ({ to: product().traces.newNumber(), message: product().traces.newText() });

    describe("for who asks", () => {
      let reader: Tenant;
      let doomed: Tenant;
      beforeAll(async () => {
        [reader, doomed] = await Promise.all([
          createTenant(product(), { key: { scopes: "read" } }),
          createTenant(product(), { key: { expires: new Date(Date.now() + 3_600_000).toISOString() } }),
        ]);
      });

      test("is UNAUTHORIZED without a key and with a wrong one", async () => {
        const answers = [
          await product().call("/api/v1/sms/send", { method: "POST", body: validBody() }),
          await product().send(validBody(), { apiKey: WRONG_KEY }),
          await product().send(validBody(), { apiKey: "" }),
          await product().get(`/api/v1/sms/${randomUUID()}`, WRONG_KEY),
        ];
        for (const answer of answers) expectError(answer, 401, "UNAUTHORIZED");
      });

      test("is slowed down when one address keeps failing, and other addresses are not", async () => {
        const fail = (address: string) => {
          return product().send(validBody(), { apiKey: WRONG_KEY, headers: { "x-forwarded-for": address } });
        };
        const tookMs: number[] = [];
        for (let times = 1; times <= 15; times += 1) tookMs.push((await fail("192.0.2.1")).tookMs);
        expect(tookMs.at(-1)).toBeGreaterThanOrEqual(400);
        // One quick answer is enough: any may meet a busy machine, but one that is slowed down never is quick.
        let next = 2;
        await waitFor(async () => (await fail(`192.0.2.${next++}`)).tookMs < 400, { what: "a quick refusal" });
      });

      test("is none when the key comes as Bearer or as the user name of Basic", async () => {
        const authorizations = [
          `Bearer ${product().apiKey}`,
          `Basic ${Buffer.from(`${product().apiKey}:`).toString("base64")}`,
        ];
        for (const authorization of authorizations) {
          const answer = await product().call("/api/v1/sms/send", {
            method: "POST",
            body: validBody(),
            headers: { authorization },
          });
          expect(answer.status).toBe(202);
        }
      });

      test("is FORBIDDEN when the key lacks the scope", async () => {
        const answer = await product().send(validBody(), { apiKey: reader.apiKey });
        expectError(answer, 403, "FORBIDDEN");
        expect((await product().get("/api/v1/sms", reader.apiKey)).status).toBe(200);
      });

      test("is NOT_FOUND for another client's message, as for one that was never issued", async () => {
        const { tracking_id: id } = await product().client.send(validBody());
        await product().client.waitForFinal(id);
        expectError(await product().get(`/api/v1/sms/${id}`, reader.apiKey), 404, "NOT_FOUND");
        expectError(await product().get(`/api/v1/sms/${randomUUID()}`), 404, "NOT_FOUND");
        expectError(await product().get("/api/v1/sms/not-an-id"), 404, "NOT_FOUND");
        expectError(await product().post(`/api/v1/sms/${randomUUID()}/cancel`, undefined), 404, "NOT_FOUND");
      });

      test("is FORBIDDEN when a report is not signed as its provider signs, and nothing is applied", async () => {
        const { message } = await sendAndWait(product(), DELIVERED);
        const [attempt] = message.attempts;
        const fields = { MessageSid: attempt?.provider_message_id ?? "", MessageStatus: "failed" };
        const query = new URLSearchParams({ a: "1", m: message.id, n: "1", h: "0".repeat(64) });
        const answer = await product().call(`/webhooks/twilio/status?${query}`, {
          method: "POST",
          body: new URLSearchParams(fields).toString(),
          headers: { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": "bm90IHNpZ25lZA==" },
        });
        expect(answer.status).toBe(403);
        const after = await product().client.getMessage(message.id);
        expect(after).toMatchObject({ status: "delivered", events: message.events });
      });

      test("is UNAUTHORIZED within 2 s of the key's revocation and of its client's deactivation", async () => {
        const statusOf = async ({ apiKey }: Tenant) => (await product().send(validBody(), { apiKey })).status;
        expect(await statusOf(doomed)).toBe(202);
        await product().admin("key", "revoke", doomed.keyId);
        await waitUntilKnown("the key is revoked", async () => (await statusOf(doomed)) === 401);
        await product().admin("client", "deactivate", reader.id);
        await waitUntilKnown("the client is inactive", async () => (await statusOf(reader)) === 401);
      });
    });

    describe("for its form", () => {
      test("names every problem at its place", async () => {
        const answer = await product().send({
          to: [product().traces.newNumber(), "12", { number: "nobody" }],
          message: "",
          priority: 9,
          from_number: "!",
          ttl_seconds: 60,
          expire_at: new Date(Date.now() + 60_000).toISOString(),
          callback_url: "http://127.0.0.1/",
          metadata: { long: "x".repeat(5_000) },
        });
        expectError(answer, 422, "INVALID_PAYLOAD");
        const paths = readProblemPaths(answer);
        for (const place of [
          "to/1",
          "to/2",
          "message",
          "priority",
          "from_number",
          "ttl_seconds",
          "callback_url",
          "metadata",
        ]) {
          expect(
            paths.some((path) => path.startsWith(`/${place}`)),
            `${place} in ${paths.join(", ")}`,
          ).toBe(true);
        }
        expect(paths.some((path) => path.startsWith("/to/0"))).toBe(false);
      });

      test.each<[string, Record<string, unknown>, string]>([
        ["without a recipient", { to: undefined }, "/to"],
        ["without a text", { message: undefined }, "/message"],
        ["with a text of 1601 characters", { message: "x".repeat(1601) }, "/message"],
        [
          "with more than 1000 recipients",
          { to: Array.from({ length: 1001 }, (_, n) => `+49151${10_000 + n}`) },
          "/to",
        ],
        ["with an expiry in the past", { expire_at: "2020-01-01T00:00:00Z" }, "/expire_at"],
        ["scheduled in 91 days", { schedule_at: new Date(Date.now() + 91 * 86_400_000).toISOString() }, "/schedule_at"],
        ["with half a surrogate pair", { metadata: { note: "\ud800" } }, "/metadata"],
      ])("is INVALID_PAYLOAD %s", async (_what, fields, place) => {
        const answer = await product().send({ ...validBody(), ...fields });
        expectError(answer, 422, "INVALID_PAYLOAD");
        expect(readProblemPaths(answer).some((path) => path.startsWith(place))).toBe(true);
      });

      test("is INVALID_PAYLOAD with an Idempotency-Key of other characters", async () => {
        const answer = await product().send(validBody(), { idempotencyKey: "with spaces" });
        expectError(answer, 422, "INVALID_PAYLOAD");
        expect(readProblemPaths(answer)).toEqual(["header:Idempotency-Key"]);
      });

      test("is INVALID_PAYLOAD with 400 when the body is no JSON", async () => {
        for (const body of ['{"to": ', "", "\u0000"]) {
          const answer = await product().send(body, { headers: { "content-type": "application/json" } });
          expectError(answer, 400, "INVALID_PAYLOAD");
        }
      });

      test("is UNSUPPORTED_MEDIA_TYPE when the body is not said to be JSON", async () => {
        const answer = await product().send("to=1", { headers: { "content-type": "text/plain" } });
        expectError(answer, 415, "UNSUPPORTED_MEDIA_TYPE");
      });

      test("is PAYLOAD_TOO_LARGE over 1 MiB", async () => {
        const answer = await product().send({ ...validBody(), metadata: { long: "x".repeat(1024 * 1024) } });
        expectError(answer, 413, "PAYLOAD_TOO_LARGE");
      });

      test("is NOT_FOUND at an unknown address and METHOD_NOT_ALLOWED with Allow for another method", async () => {
        expectError(await product().get("/api/v1/nothing"), 404, "NOT_FOUND");
        const wrong = await product().get("/api/v1/sms/send/");
        const method = await product().call("/api/v1/sms/send", { method: "DELETE" });
        expectError(method, 405, "METHOD_NOT_ALLOWED");
        expect(method.headers.get("allow")).toContain("POST");
        expect([404, 405]).toContain(wrong.status);
        const simple = await product().call("/send-sms");
        expectError(simple, 405, "METHOD_NOT_ALLOWED");
        expect(simple.headers.get("allow")).toBe("POST");
      });

      test("is TEMPLATE_NOT_FOUND as long as there are no templates", async () => {
        const { to } = validBody();
        expectError(await product().send({ to, template_id: "promo_template" }), 422, "TEMPLATE_NOT_FOUND");
      });

      test("is UNKNOWN_PROVIDER, with the known ones", async () => {
        const answer = await product().send({ ...validBody(), providers: ["twilio", "pigeon"] });
        expectError(answer, 422, "UNKNOWN_PROVIDER");
        expect(answer.body.details).toMatchObject({ allowed: [...PROVIDER_NAMES] });
      });

      test("is UNSUPPORTED_MESSAGE when no provider carries the type", async () => {
        const answer = await product().send({ ...validBody(), message: "0a0b", message_type: "binary" });
        expectError(answer, 422, "UNSUPPORTED_MESSAGE");
      });

      test("is INVALID_PAYLOAD when a read asks for what there is not", async () => {
        for (const query of ["status=gone", "limit=501", "limit=x", "date_from=yesterday"]) {
          expectError(await product().get(`/api/v1/sms?${query}`), 422, "INVALID_PAYLOAD");
        }
      });

      test("costs no idempotency key: the corrected request is accepted with the same one", async () => {
        const idempotencyKey = randomUUID();
        expect((await product().send({ message: "x" }, { idempotencyKey })).status).toBe(422);
        const refused = await product().send({ ...validBody(), template_id: "none" }, { idempotencyKey });
        expect(refused.status).toBe(422);
        expect((await product().send(validBody(), { idempotencyKey })).status).toBe(202);
      });
    });

    describe("for a limit", () => {
      let limited: Tenant;
      let metered: Tenant;
      beforeAll(async () => {
        const limits = { "per-second": 3, "per-minute": 500, "per-hour": 600, "daily-quota": 700 };
        [limited, metered] = await Promise.all([
          createTenant(product(), { limits }),
          createTenant(product(), { limits: { "daily-quota": 4 } }),
        ]);
      });
      const send12 = () =>
        Promise.all(Array.from({ length: 12 }, () => product().send(validBody(), { apiKey: limited.apiKey })));

      test("is TOO_MANY_REQUESTS by per_second, with Retry-After and the state of every limit", async () => {
        const answers = await send12();
        expectLimited(answers, { limit: "per_second", windowS: 1 });
        expect(answers.filter(({ status }) => status === 202).length).toBeGreaterThanOrEqual(3);
        for (const { headers } of answers) {
          const states = ["per_second", "per_minute", "per_hour", "daily_quota"];
          const policies = states.map((name, index) => [name, [3, 500, 600, 700][index], [1, 60, 3600, 86_400][index]]);
          for (const [name, q, w] of policies) {
            expect(headers.get("ratelimit-policy")).toContain(`"${name}";q=${q};w=${w}`);
            expect(headers.get("ratelimit")).toMatch(new RegExp(`"${name}";r=\\d+;t=\\d+`));
          }
        }
      });

      test.each([
        ["per_minute", "per-minute", 60],
        ["per_hour", "per-hour", 3600],
      ])("is TOO_MANY_REQUESTS by %s within 2 s of that limit being set", async (limit, option, windowS) => {
        await product().admin(
          "client",
          "limits",
          limited.id,
          "--per-second",
          "0",
          "--per-minute",
          "0",
          `--${option}`,
          "3",
        );
        await waitUntilKnown(`${limit} is 3`, async () => {
          const { headers } = await product().send(validBody(), { apiKey: limited.apiKey });
          return headers.get("ratelimit-policy")?.includes(`"${limit}";q=3;`) === true;
        });
        expectLimited(await send12(), { limit, windowS });
      });

      test("is TOO_MANY_REQUESTS by the daily quota, taken whole or not at all, and free for replays and refusals", async () => {
        const { apiKey } = metered;
        const toMany = (count: number) => ({
          ...validBody(),
          to: Array.from({ length: count }, product().traces.newNumber),
        });
        const [body, idempotencyKey] = [toMany(3), randomUUID()];
        expect((await product().send({ ...body, template_id: "none" }, { apiKey })).status).toBe(422);
        expect((await product().send({ ...body, message: "" }, { apiKey })).status).toBe(422);
        expect((await product().send(body, { apiKey, idempotencyKey })).status).toBe(202);
        expect((await product().send(body, { apiKey, idempotencyKey })).status).toBe(202);
        const refused = await product().send(toMany(2), { apiKey });
        expectError(refused, 429, "TOO_MANY_REQUESTS");
        expect(refused.body.details).toMatchObject({ limit: "daily_quota" });
        expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(86_400);
        expect(refused.headers.get("ratelimit")).toContain('"daily_quota";r=1;');
        expect((await product().send(toMany(1), { apiKey })).status).toBe(202);
        expect((await product().send(toMany(1), { apiKey })).status).toBe(429);
      });
    });

    // One provider after the other is taken away, since each command costs seconds; twilio alone is given back.
    describe("for its providers", () => {
      const isRefused = async (fields: Record<string, unknown>) => {
        return (await product().send({ ...validBody(), ...fields })).status === 409;
      };

      test("is PROVIDER_DISABLED within 2 s of the one being disabled or paused, and none within 2 s of its return", async () => {
        await product().admin("provider", "disable", "plivo");
        await waitUntilKnown("plivo is disabled", () => isRefused({ provider: "plivo" }));
        expectError(await product().send({ ...validBody(), provider: "Plivo" }), 409, "PROVIDER_DISABLED");
        await product().admin("provider", "enable", "plivo");
        await waitUntilKnown("plivo is back", async () => !(await isRefused({ provider: "plivo" })));
        await product().admin("provider", "pause", "plivo");
        await waitUntilKnown("plivo is paused", () => isRefused({ provider: "plivo" }));
      });

      test("is ALL_PROVIDERS_DISABLED only when none of the requested ones works", async () => {
        await product().admin("provider", "disable", "vonage");
        const both = { providers: ["plivo", "vonage"] };
        await waitUntilKnown("nexmo is disabled too", () => isRefused(both));
        expectError(await product().send({ ...validBody(), ...both }), 409, "ALL_PROVIDERS_DISABLED");
        const { message } = await sendAndWait(product(), product().traces.newNumber(), { providers: ["plivo", "sns"] });
        expect(message).toMatchObject({ status: "delivered", provider: "aws_sns" });
      });

      test("is NO_PROVIDER_AVAILABLE when none was requested and none works, but a replay is answered", async () => {
        const [body, idempotencyKey] = [validBody(), randomUUID()];
        const first = await product().send(body, { idempotencyKey });
        expect(first.status).toBe(202);
        await Promise.all(
          ["twilio", "aws_sns", "clickatell"].map((name) => product().admin("provider", "disable", name)),
        );
        await waitUntilKnown("all are away", async () => (await product().send(validBody())).status === 503);
        const refused = await product().send(validBody());
        expectError(refused, 503, "NO_PROVIDER_AVAILABLE");
        expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
        expect(await product().send(body, { idempotencyKey })).toMatchObject({ status: 202, body: first.body });
        await product().admin("provider", "enable", "twilio");
        await waitUntilKnown("twilio is back", async () => (await product().send(validBody())).status === 202);
        expect((await product().client.waitForFinal(textOf(first, "tracking_id"))).status).toBe("delivered");
      });
    });

    describe("by a gateway of other settings", () => {
      test("is SENDER_NOT_ALLOWED where only own senders are", async () => {
        const { url } = await product().startGateway({ ALLOW_ANY_SENDER: "false" });
        const answer = await callGateway(product(), url, { ...validBody(), from_number: "Shop 7" });
        expectError(answer, 403, "SENDER_NOT_ALLOWED");
        expect((await callGateway(product(), url, validBody())).status).toBe(202);
      });

      test("is SERVICE_UNAVAILABLE, not UNAUTHORIZED, before the directory was ever loaded", async () => {
        const { url } = await product().startGateway({ REDIS_KEY_PREFIX: "nobody-published-here:" }, "/healthz");
        const answer = await callGateway(product(), url, validBody());
        expectError(answer, 503, "SERVICE_UNAVAILABLE");
        expect(answer.body.details).toMatchObject({ outcome: "not_accepted", reason: "directory_not_loaded" });
        expect(answer.headers.get("retry-after")).not.toBeNull();
        expect((await fetch(`${url}/readyz`)).status).toBe(503);
      });

      test("is none without a key where that is allowed, but a wrong key still is one", async () => {
        const { url } = await product().startGateway({ API_KEY_REQUIRED: "false" });
        const keyless = await fetch(`${url}/api/v1/sms/send`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(validBody()),
        });
        expect(keyless.status).toBe(202);
        expectError(await callGateway(product(), url, validBody(), WRONG_KEY), 401, "UNAUTHORIZED");
      });
    });

    describe("for a read", () => {
      test("is SERVICE_UNAVAILABLE with Retry-After while the worker is away; sending goes on", async () => {
        const { worker } = product().services;
        const before = await sendAndWait(product(), DELIVERED);
        const end = await worker.stop();
        expect(end).toMatchObject({ exitCode: 0, signal: null });
        expect(end.tookMs).toBeLessThan(15_000 + BUSY_MACHINE_MS);
        const read = await product().get(`/api/v1/sms/${before.accepted.tracking_id}`);
        expectError(read, 503, "SERVICE_UNAVAILABLE");
        expect(Number(read.headers.get("retry-after"))).toBeGreaterThan(0);
        const { answer } = await sendText(product());
        expect(answer.status).toBe(202);
        await worker.start();
        expect((await product().client.waitForFinal(textOf(answer, "tracking_id"))).status).toBe("delivered");
      });
    });

    describe("is documented", () => {
      test.each([
        ["gateway", ["/api/v1/sms/send", "/send-sms", "/webhooks/{provider}/status"]],
        ["worker", ["/webhooks/{provider}/status"]],
      ] as const)("in the pages of the %s, which name its routes", async (name, ownPaths) => {
        const url = product().urls[name];
        const [page, yaml, json] = await Promise.all(
          ["/docs", "/docs/yaml", "/docs/json"].map((path) => callHttp(url + path)),
        );
        expect([page?.status, yaml?.status, json?.status]).toEqual([200, 200, 200]);
        expect(page?.headers.get("content-type")).toContain("text/html");
        expect(yaml?.text).toMatch(/^openapi: "?3\.1/m);
        expect(json?.body.openapi).toMatch(/^3\.1/);
        const reads = ["/api/v1/sms", "/api/v1/sms/{id}", "/api/v1/sms/{id}/cancel"];
        expect(Object.keys(json?.body.paths ?? {})).toEqual(expect.arrayContaining([...reads, ...ownPaths]));
      });

      test("and health, status and the greeting answer without a key", async () => {
        for (const path of ["/healthz", "/readyz", "/health", "/status"]) {
          expect((await product().call(path)).status, path).toBe(200);
        }
        expect((await product().call("/")).text).toBe("SMS API is running!");
        expect((await fetch(`${product().urls.worker}/readyz`)).status).toBe(200);
      });
    });

    describe("left its marks", () => {
      test("and no number, text or key in any log, which is JSON line by line", () => {
        expectCleanLogs(product());
      });

      test("as one line with its code, and no fault of our own", () => {
        const log = product().services.gateway.readOutput();
        for (const code of ["UNAUTHORIZED", "INVALID_PAYLOAD", "TOO_MANY_REQUESTS", "PROVIDER_DISABLED"]) {
          expect(log).toContain(`"${code}"`);
        }
        expect(findFaults(product())).toEqual([]);
      });
    });
  },
  SETTINGS,
);

/** The shape of every error answer (api.md section 1). */
function expectError(answer: Answer, status: number, code: string): void {
  expect(answer).toMatchObject({
    status,
    body: { error_code: code, message: expect.any(String), details: expect.any(Object) },
  });
  expect(Math.abs(Date.parse(textOf(answer, "timestamp")) - Date.now())).toBeLessThan(60_000);
}

/** Some of a burst were refused, all because of that limit. */
function expectLimited(answers: readonly Answer[], { limit, windowS }: { limit: string; windowS: number }): void {
  const refused = answers.filter(({ status }) => status !== 202);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    expectError(answer, 429, "TOO_MANY_REQUESTS");
    expect(answer.body.details).toMatchObject({ limit });
    const retryAfterS = Number(answer.headers.get("retry-after"));
    expect(retryAfterS).toBeGreaterThanOrEqual(1);
    expect(retryAfterS).toBeLessThanOrEqual(windowS);
  }
}

function readProblemPaths({ body }: Answer): string[] {
  const { details } = body;
  if (typeof details !== "object" || details === null || !("errors" in details) || !Array.isArray(details.errors)) {
    throw new Error(`no details.errors in ${JSON.stringify(body)}`);
  }
  return details.errors.map(({ path }) => String(path));
}

function callGateway(product: Product, url: string, body: unknown, apiKey = product.apiKey): Promise<Answer> {
  return product.postTo(url, "/api/v1/sms/send", body, { apiKey });
}
