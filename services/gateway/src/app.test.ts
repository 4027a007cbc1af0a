import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inertDeps } from "../test/inert-deps.ts";
import { sampleProvider } from "../test/sample-form.ts";
import { buildGateway, type Gateway } from "./index.ts";
import { SEND_ERRORS } from "./routes/send-declarations.ts";

let gateway: Gateway;
let app: FastifyInstance;

beforeAll(async () => {
  gateway = await buildGateway(inertDeps({ METRICS_TOKEN: "metrics-token" }));
  app = gateway.app;
  await app.ready();
});
afterAll(() => app.close());

type Json = ReturnType<typeof JSON.parse>;

/** Every value of a document with the path to it. */
function* walk(value: Json, path: string): Generator<[string, Json]> {
  yield [path, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) yield* walk(item, `${path}/${key.replaceAll("/", "~1")}`);
}

function resolveRef(document: Json, ref: string): Json {
  const steps = ref
    .slice(2)
    .split("/")
    .map((step) => step.replaceAll("~1", "/"));
  return steps.reduce((at, step) => at?.[step], document);
}

describe("the OpenAPI document", () => {
  let document: Json;
  let operations: [string, Json][];

  beforeAll(async () => {
    document = (await app.inject("/docs/json")).json();
    operations = Object.entries(document.paths).flatMap(([path, item]: [string, Json]) =>
      Object.entries(item).map(([method, operation]): [string, Json] => [`${method.toUpperCase()} ${path}`, operation]),
    );
  });

  test("is 3.1 and lists every route, the forwarded ones too", () => {
    expect(document.openapi).toBe("3.1.0");
    expect(operations.map(([name]) => name).sort()).toEqual([
      "GET /",
      "GET /api/sms",
      "GET /api/sms/{id}",
      "GET /api/v1/sms",
      "GET /api/v1/sms/{id}",
      "GET /health",
      "GET /healthz",
      "GET /metrics",
      "GET /readyz",
      "GET /status",
      "GET /webhooks/{provider}/status",
      "POST /api/send-sms",
      "POST /api/sms/send",
      "POST /api/sms/{id}/cancel",
      "POST /api/v1/sms/send",
      "POST /api/v1/sms/{id}/cancel",
      "POST /send-sms",
      "POST /webhooks/{provider}/status",
    ]);
  });

  test("has a target for every reference, and no schema that nobody refers to", () => {
    const used = new Set<string>();
    for (const [path, value] of walk(document, "#")) {
      if (!path.endsWith("/$ref")) continue;
      expect(value).toMatch(/^#\/components\/schemas\//);
      expect(resolveRef(document, value), `${path} → ${value}`).toBeTypeOf("object");
      used.add(value.split("/").at(-1));
    }
    expect([...used].sort()).toEqual(Object.keys(document.components.schemas).sort());
  });

  test("has no keyword that 3.1 does not know", () => {
    for (const [path] of walk(document, "#")) expect(path).not.toMatch(/\/(nullable|\$id|definitions|x-.*)$/);
  });

  test("describes every answer of every route, with its errors in the one shape", () => {
    for (const [name, { summary, tags, responses }] of operations) {
      expect([summary, tags?.length], name).toEqual([expect.any(String), 1]);
      expect(Object.keys(responses).filter((status) => status.startsWith("2")).length, name).toBeGreaterThan(0);
      for (const [status, response] of Object.entries(responses as Json)) {
        const { description, content } = response as Json;
        expect(description, `${name} ${status}`).toMatch(/^(?!Default Response).+/);
        if (status < "400" || /(readyz|metrics)$/.test(name)) continue;
        expect(content["application/json"].schema, `${name} ${status}`).toEqual({
          $ref: "#/components/schemas/ErrorBody",
        });
      }
    }
  });

  test("declares every parameter of every path", () => {
    for (const [name, { parameters = [] }] of operations) {
      const declared = parameters.filter((one: Json) => one.in === "path").map((one: Json) => `{${one.name}}`);
      expect(name.match(/\{\w+\}/g) ?? [], name).toEqual(declared);
    }
  });

  test("tells that success is 202 under /api/v1 and 200 under /api", () => {
    const statusesOf = (path: string) =>
      Object.keys(document.paths[path].post.responses).filter((status) => status < "300");
    expect([statusesOf("/api/v1/sms/send"), statusesOf("/api/sms/send")]).toEqual([["202"], ["200"]]);
  });

  test("tells how to authenticate wherever a key is needed", () => {
    const schemes = Object.keys(document.components.securitySchemes);
    expect(schemes).toEqual(["ApiKey", "Bearer", "Basic"]);
    for (const [name, { security, responses }] of operations) {
      const needsKey = responses["401"] !== undefined && !name.endsWith("/metrics");
      expect(security?.flatMap(Object.keys) ?? [], name).toEqual(needsKey ? schemes : []);
    }
  });

  test("names every error code that a request to send can end in", () => {
    const text = JSON.stringify(document.paths["/api/v1/sms/send"].post.responses);
    const codes = SEND_ERRORS.filter((code) => typeof code === "string");
    expect(codes.length).toBeGreaterThan(15);
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
  });

  test.each([
    ["/docs", 200, "text/html"],
    ["/docs/", 200, "text/html"],
    ["/docs/json", 200, "application/json"],
    ["/docs/yaml", 200, "application/x-yaml"],
  ])("is at %s", async (url, status, type) => {
    const response = await app.inject(url);
    expect([response.statusCode, String(response.headers["content-type"]).split(";")[0]]).toEqual([status, type]);
  });
});

describe("operations", () => {
  test("GET / answers as requirement 003 wrote it", async () => {
    const response = await app.inject("/");
    expect([response.statusCode, response.body]).toEqual([200, "SMS API is running!"]);
    expect(response.headers["content-type"]).toMatch(/^text\/plain/);
  });

  test.each(["/health", "/status", "/healthz"])("%s says that the process is alive", async (url) => {
    const response = await app.inject(url);
    expect([response.statusCode, response.json()]).toEqual([200, { status: "ok" }]);
    const head = await app.inject({ method: "HEAD", url });
    expect([head.statusCode, head.body]).toEqual([200, ""]);
  });

  test("/readyz names each dependency", async () => {
    const response = await app.inject("/readyz");
    expect(response.statusCode).toBe(503);
    expect(response.json()).toEqual({
      status: "not_ready",
      checks: {
        queue: { status: "ok" },
        redis: { status: "down", detail: "inert" },
        directory: { status: "ok" },
        secrets: { status: "ok" },
      },
    });
  });

  test("/readyz is down for published secrets once a provider has real credentials", async () => {
    const deps = inertDeps();
    const real = sampleProvider({ name: "twilio", accounts: { live: true, lab: true } });
    const own = await buildGateway({ ...deps, directory: { ...deps.directory, providers: () => [real] } });
    const { checks } = (await own.app.inject("/readyz")).json();
    expect(checks.secrets).toEqual({ status: "down", detail: "set ID_SECRET, INTERNAL_TOKEN" });
    await own.app.close();
  });

  test("/metrics wants its token and counts what was refused, whichever step refused it", async () => {
    expect((await app.inject("/metrics")).statusCode).toBe(401);
    await app.inject({ method: "POST", url: "/api/v1/sms/send" });
    const { body } = await app.inject({ url: "/metrics", headers: { authorization: "Bearer metrics-token" } });
    expect(body).toMatch(/sms_requests_refused_total\{code="UNAUTHORIZED",detail="",service="gateway"\} 1/);
    expect(body).toMatch(/sms_publish_waiting_envelopes\{service="gateway"\} 0/);
    expect(body).toMatch(/http_request_duration_seconds_count\{.*route="\/api\/v1\/sms\/send".*\} 1/);
  });

  test("every answer carries the request's id, the caller's own if it is well formed", async () => {
    const own = await app.inject({ url: "/health", headers: { "x-request-id": "caller-1" } });
    const odd = await app.inject({ url: "/nothing", headers: { "x-request-id": "no spaces please" } });
    expect(own.headers["x-request-id"]).toBe("caller-1");
    expect(odd.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("stopping", () => {
  test("/readyz says so first; what is still asked is answered until the app is closed", async () => {
    const own = await buildGateway(inertDeps());
    await own.app.ready();
    own.beginStop();
    const response = await own.app.inject("/readyz");
    expect([response.statusCode, response.json()]).toEqual([503, { status: "not_ready", stopping: true, checks: {} }]);
    expect((await own.app.inject("/health")).statusCode).toBe(200);
    await own.app.close();
  });
});
