import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { verifyClientAddress } from "@sms-gateway/http";
import { waitFor } from "@sms-gateway/testkit";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildGateway } from "../src/index.ts";
import { inertDeps } from "./inert-deps.ts";
import { openWorkerStandIn, type WorkerStandIn } from "./worker-stand-in.ts";

const ID = "0190a1b2-0000-7000-8000-000000000001";
let worker: WorkerStandIn;
let app: FastifyInstance;

beforeAll(async () => {
  worker = await openWorkerStandIn();
  ({ app } = await buildGateway(inertDeps({ WORKER_URL: worker.url, TRUST_PROXY: "1" })));
  await app.listen({ host: "127.0.0.1", port: 0 });
});
beforeEach(() => {
  worker.seen.length = 0;
  worker.answers.length = 0;
});
afterAll(async () => {
  await app.close();
  await worker.close();
});

describe("what is forwarded", () => {
  test.each<["GET" | "POST" | "HEAD", string, string]>([
    ["GET", "/api/v1/sms?status=sent&to=%2B12025550123&limit=2", "/api/v1/sms?status=sent&to=%2B12025550123&limit=2"],
    ["GET", "/api/sms?status=sent", "/api/v1/sms?status=sent"],
    ["GET", "/api/sms/?limit=1&limit=2", "/api/v1/sms?limit=1&limit=2"],
    ["GET", `/api/v1/sms/${ID}`, `/api/v1/sms/${ID}`],
    ["GET", `/api/sms/${ID.toUpperCase()}`, `/api/v1/sms/${ID.toUpperCase()}`],
    ["HEAD", `/api/v1/sms/${ID}`, `/api/v1/sms/${ID}`],
    ["POST", `/api/v1/sms/${ID}/cancel`, `/api/v1/sms/${ID}/cancel`],
    ["POST", "/webhooks/twilio/status?a=lab&m=1&n=2&h=x%2Fy", "/webhooks/twilio/status?a=lab&m=1&n=2&h=x%2Fy"],
    ["GET", "/webhooks/nexmo/status?status=delivered", "/webhooks/nexmo/status?status=delivered"],
  ])("%s %s", async (method, url, forwarded) => {
    expect((await app.inject({ method, url })).statusCode).toBe(200);
    expect(worker.seen.map((request) => [request.method, request.url])).toEqual([[method, forwarded]]);
  });

  // Over a socket, since clients that parse addresses would resolve the dots before they leave.
  test.each<["GET" | "POST" | "DELETE", string, number]>([
    ["GET", "/api/v1/admin/clients", 404],
    ["GET", "/api/v1/admin/dead-letters", 404],
    ["POST", "/api/v1/admin/dead-letters/requeue", 404],
    ["POST", `/api/v1/admin/dead-letters/${ID}/discard`, 404],
    ["GET", "/api/v1/admin/queues", 404],
    ["GET", "/api/v1/admin/providers", 404],
    ["GET", "/api/v1/admin/providers/twilio/changes", 404],
    ["GET", "/api/admin/accounting?date=2026-01-02", 404],
    ["GET", "/api/v1/sms/../admin/dead-letters", 404],
    ["GET", "/api/v1/sms/../admin/clients", 404],
    ["GET", "/api/v1/sms/..%2fadmin%2fclients", 404],
    ["GET", "/api/v1/sms/%2e%2e/admin", 404],
    ["GET", "/api/v1/sms/..", 404],
    ["GET", "/api/v1/sms/abc", 404],
    ["GET", "//api/v1/sms", 404],
    ["POST", "/webhooks/../status", 404],
    ["POST", "/webhooks/%2e%2e/status", 404],
    ["POST", "/webhooks/..%2f..%2fapi/status", 404],
    ["POST", "/webhooks/twilio/inbound", 404],
    ["POST", "/webhooks/twilio", 404],
    ["GET", "/metrics/../healthz", 404],
    ["GET", "/api/v1/sms/send", 405],
    ["DELETE", `/api/v1/sms/${ID}`, 405],
    ["DELETE", "/webhooks/twilio/status", 405],
  ])("%s %s is not", async (method, path, status) => {
    const response = await requestRaw(method, path);
    expect(response.status).toBe(status);
    expect(response.body.error_code).toBe(status === 404 ? "NOT_FOUND" : "METHOD_NOT_ALLOWED");
    expect(worker.seen).toEqual([]);
  });
});

function gatewayUrl(): string {
  const address = app.server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

/** A request whose path is sent as it is written. */
async function requestRaw(method: string, path: string) {
  const { port } = new URL(gatewayUrl());
  const sent = request({ host: "127.0.0.1", port, method, path, agent: false }).end();
  const [response]: IncomingMessage[] = await once(sent, "response");
  return { status: response?.statusCode, body: response === undefined ? {} : JSON.parse(await text(response)) };
}

describe("headers", () => {
  test("that are named reach the worker, all others stay here", async () => {
    await app.inject({
      url: "/api/v1/sms",
      headers: {
        "api-key": "k",
        authorization: "Bearer b",
        accept: "application/json",
        "user-agent": "tests/1.0",
        "x-request-id": "r-1",
        cookie: "session=1",
        "x-forwarded-for": "203.0.113.7",
        "x-sms-client-address": "198.51.100.1",
        "x-sms-client-address-signature": "forged",
        "x-twilio-signature": "s",
        "x-internal": "1",
        connection: "close, api-key",
        "proxy-authorization": "Basic x",
      },
    });
    const headers = worker.seen[0]?.headers ?? {};
    // What the client asks to be dropped on the way (Connection) goes; HTTP needs host and connection.
    expect(Object.keys(headers).sort()).toEqual([
      "accept",
      "authorization",
      "connection",
      "host",
      "user-agent",
      "x-request-id",
      "x-sms-client-address",
      "x-sms-client-address-signature",
    ]);
    expect(headers).toMatchObject({ authorization: "Bearer b", "user-agent": "tests/1.0", "x-request-id": "r-1" });
    expect(headers.host).toBe(new URL(worker.url).host);
  });

  test("tell the worker who called, signed, so that it cannot be forged", async () => {
    await app.inject({ url: "/api/v1/sms", headers: { "x-forwarded-for": "203.0.113.7", "x-request-id": "r-1" } });
    const headers = worker.seen[0]?.headers ?? {};
    const signature = String(headers["x-sms-client-address-signature"]);
    expect(headers["x-sms-client-address"]).toBe("203.0.113.7");
    expect(verifyClientAddress("internal-token-for-development-only", "203.0.113.7", "r-1", signature)).toBe(true);
    expect(verifyClientAddress("internal-token-for-development-only", "203.0.113.7", "r-2", signature)).toBe(false);
  });

  test("that are named come back, cookies and what is the worker's own do not", async () => {
    worker.answers.push({
      status: 404,
      headers: {
        "content-type": "application/json; charset=utf-8",
        "retry-after": "7",
        "set-cookie": ["a=1", "b=2"],
        server: "worker",
        "x-internal": "1",
        "access-control-allow-origin": "*",
      },
      body: '{"error_code":"NOT_FOUND"}',
    });
    const response = await app.inject({ url: `/api/v1/sms/${ID}`, headers: { "x-request-id": "r-1" } });
    expect([response.statusCode, response.body]).toEqual([404, '{"error_code":"NOT_FOUND"}']);
    expect(response.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "retry-after": "7",
      "x-request-id": "r-1",
    });
    for (const name of ["set-cookie", "server", "x-internal", "access-control-allow-origin"]) {
      expect(response.headers).not.toHaveProperty(name);
    }
  });
});

describe("callbacks", () => {
  test.each<[string, string, Buffer]>([
    [
      "a form",
      "application/x-www-form-urlencoded; charset=UTF-8",
      Buffer.from("MessageStatus=delivered&To=%2B1202&Body=a+b"),
    ],
    ["JSON with its own spacing", "application/json", Buffer.from('{ "status" :"delivered",\n"n":1.0 }')],
    ["JSON that is none", "application/json", Buffer.from("{broken")],
    ["bytes of no type", "application/octet-stream", Buffer.from([0, 255, 13, 10, 0, 128])],
    ["nothing", "application/json", Buffer.alloc(0)],
  ])("are passed on byte for byte: %s", async (_what, type, payload) => {
    const headers = {
      "content-type": type,
      "x-twilio-signature": "c2ln",
      "x-plivo-signature-v3-nonce": "n",
      "x-other": "1",
      cookie: "a=1",
    };
    await app.inject({ method: "POST", url: "/webhooks/twilio/status?m=1", headers, payload });
    const [seen] = worker.seen;
    expect(seen?.body.equals(payload)).toBe(true);
    expect(seen?.headers).toMatchObject({
      "content-type": type,
      "x-twilio-signature": "c2ln",
      "x-plivo-signature-v3-nonce": "n",
    });
    expect(seen?.headers).not.toHaveProperty("x-other");
    expect(seen?.headers).not.toHaveProperty("cookie");
  });

  test("whose bodies come slowly hold up nobody else, and larger ones than any report are refused", async () => {
    const { port } = new URL(gatewayUrl());
    const head =
      "POST /webhooks/twilio/status HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n";
    // More than there are connections to the worker.
    const slow = Array.from({ length: 100 }, () => connect(Number(port), "127.0.0.1"));
    try {
      await Promise.all(slow.map((socket) => new Promise((sent) => socket.write(`${head}a`, sent))));
      expect((await fetch(`${gatewayUrl()}/api/v1/sms`)).status).toBe(200);
      expect(worker.seen.map(({ url }) => url)).toEqual(["/api/v1/sms"]);
    } finally {
      for (const socket of slow) socket.destroy();
    }
    const payload = Buffer.alloc(64 * 1024 + 1);
    const response = await app.inject({ method: "POST", url: "/webhooks/twilio/status", payload });
    expect([response.statusCode, response.json().error_code]).toEqual([413, "PAYLOAD_TOO_LARGE"]);
  });

  test("are not held up by reads that do not end", async () => {
    const { port } = new URL(gatewayUrl());
    // As many as there are connections to the worker.
    const unended = Array.from({ length: 64 }, () => connect(Number(port), "127.0.0.1"));
    worker.answers.push(...unended.map(() => ({ endless: true })));
    try {
      for (const socket of unended) socket.write("GET /api/v1/sms HTTP/1.1\r\nHost: a\r\n\r\n");
      await waitFor(() => worker.seen.length === 64, { what: "every connection for reads to be in use" });
      const started = performance.now();
      const response = await app.inject({ method: "POST", url: "/webhooks/twilio/status", payload: "a=1" });
      expect(response.statusCode).toBe(200);
      // Before any of the reads was given up, which takes 15 s.
      expect(performance.now() - started).toBeLessThan(10_000);
    } finally {
      for (const socket of unended) socket.destroy();
    }
  });

  test("need no key, and are answered as the worker answers", async () => {
    worker.answers.push({ status: 204, headers: {}, body: "" }, { status: 403, body: '{"error_code":"FORBIDDEN"}' });
    const statuses = [];
    for (let count = 0; count < 2; count += 1) {
      statuses.push(
        (
          await app.inject({
            method: "POST",
            url: "/webhooks/twilio/status",
            payload: "a=1",
            headers: { "content-type": "text/plain" },
          })
        ).statusCode,
      );
    }
    expect(statuses).toEqual([204, 403]);
  });
});

describe("a cancellation", () => {
  test.each<[string, string, string]>([
    ["nothing", "", ""],
    ["an empty JSON body", "application/json", ""],
    ["a JSON body", "application/json", '{"reason":"x"}'],
    ["a form", "application/x-www-form-urlencoded", "a=1"],
  ])("needs no body: %s is dropped", async (_what, type, payload) => {
    const response = await app.inject({
      method: "POST",
      url: `/api/v1/sms/${ID}/cancel`,
      payload,
      headers: { "api-key": "k", ...(type === "" ? {} : { "content-type": type }) },
    });
    expect(response.statusCode).toBe(200);
    expect(worker.seen[0]).toMatchObject({ method: "POST", headers: { "api-key": "k" } });
    expect(worker.seen[0]?.body).toHaveLength(0);
  });

  test("success is 200 under /api whatever the worker says", async () => {
    worker.answers.push({ status: 202 }, { status: 202 });
    const url = `/sms/${ID}/cancel`;
    const statuses = [
      (await app.inject({ method: "POST", url: `/api/v1${url}` })).statusCode,
      (await app.inject({ method: "POST", url: `/api${url}` })).statusCode,
    ];
    expect(statuses).toEqual([202, 200]);
  });
});

describe("a worker that is away", () => {
  let withoutWorker: FastifyInstance;
  let log: string[];
  beforeAll(async () => {
    const gone = await openWorkerStandIn();
    await gone.close();
    log = [];
    ({ app: withoutWorker } = await buildGateway(inertDeps({ WORKER_URL: gone.url }, log)));
  });
  afterAll(() => withoutWorker.close());

  test.each<["GET" | "POST", string]>([
    ["GET", "/api/v1/sms"],
    ["GET", `/api/sms/${ID}`],
    ["POST", `/api/v1/sms/${ID}/cancel`],
    ["POST", "/webhooks/twilio/status"],
  ])("is 503 with Retry-After: %s %s", async (method, url) => {
    log.length = 0;
    const response = await withoutWorker.inject({ method, url });
    expect([response.statusCode, response.headers["retry-after"]]).toEqual([503, "2"]);
    expect(response.json()).toMatchObject({
      error_code: "SERVICE_UNAVAILABLE",
      details: { outcome: "not_accepted", reason: "worker_unreachable" },
    });
    expect(log.filter((line) => line.includes("ECONNREFUSED"))).toHaveLength(1);
  });

  test("for a moment only is not noticed by a reader: a broken connection is tried once more", async () => {
    await app.inject("/api/v1/sms");
    worker.answers.push({ hangUp: true });
    expect((await app.inject("/api/v1/sms")).statusCode).toBe(200);
    expect(worker.seen).toHaveLength(3);
    worker.answers.push({ hangUp: true }, { hangUp: true });
    expect((await app.inject("/api/v1/sms")).statusCode).toBe(503);
    expect(worker.seen).toHaveLength(5);
  });

  test("in the middle of a POST leaves it unknown, and the POST is not sent again", async () => {
    worker.answers.push({ hangUp: true });
    const response = await app.inject({ method: "POST", url: `/api/v1/sms/${ID}/cancel` });
    expect([response.statusCode, response.json().details.outcome]).toEqual([503, "unknown"]);
    expect(worker.seen).toHaveLength(1);
  });

  test("that answers 503 itself is not asked again", async () => {
    worker.answers.push({ status: 503, headers: { "content-type": "application/json", "retry-after": "1" } });
    const response = await app.inject("/api/v1/sms");
    expect([response.statusCode, response.headers["retry-after"]]).toEqual([503, "1"]);
    expect(worker.seen).toHaveLength(1);
  });
});
