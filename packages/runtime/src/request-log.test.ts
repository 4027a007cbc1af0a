import { connect } from "node:net";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type CapturedLog, captureLog } from "../test/capture-log.ts";
import { fastifyLoggerOptions } from "./fastify-logger-options.ts";
import { createLogger } from "./logger.ts";
import { generateRequestId, requestIdPlugin } from "./request-id.ts";
import { type RequestLogOptions, requestLog } from "./request-log.ts";

const apps: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function openApp(options: RequestLogOptions = {}): Promise<{ app: FastifyInstance; log: CapturedLog }> {
  const log = captureLog();
  const logger = createLogger({ service: "gateway", level: "debug", destination: log.destination });
  const app = Fastify({ ...fastifyLoggerOptions(logger) });
  apps.push(app);
  await app.register(requestIdPlugin);
  await app.register(requestLog, options);
  app.get("/phones/:number", async () => ({ ok: true }));
  app.get("/quiet", { config: { logAtDebug: true } }, async () => "ok");
  app.get("/refused", async (request, reply) => {
    request.errorCode = "FORBIDDEN";
    return reply.code(403).send({});
  });
  app.get(
    "/broken",
    { schema: { response: { 200: { type: "object", required: ["a"], properties: { a: {} } } } } },
    async () => ({}),
  );
  return { app, log };
}

function requestLines(log: CapturedLog): Record<string, unknown>[] {
  return log.lines().filter(({ event }) => event === "http.request");
}

describe("requestLog", () => {
  it("writes one info line per request, by route pattern and with the request's id", async () => {
    const { app, log } = await openApp();
    const response = await app.inject({ url: "/phones/+12025550123?q=secret", headers: { "x-request-id": "abc-1" } });
    expect(response.headers["x-request-id"]).toBe("abc-1");
    expect(log.lines()).toEqual([
      {
        level: "info",
        time: expect.any(String),
        service: "gateway",
        event: "http.request",
        request_id: "abc-1",
        method: "GET",
        route: "/phones/:number",
        status: 200,
        duration_ms: expect.any(Number),
      },
    ]);
    expect(log.text()).not.toMatch(/2025550123|secret/);
  });

  it("carries the error code that the answer set", async () => {
    const { app, log } = await openApp();
    await app.inject("/refused");
    expect(requestLines(log)[0]).toMatchObject({ status: 403, error_code: "FORBIDDEN" });
  });

  it("writes an unknown route as unknown, without its URL", async () => {
    const { app, log } = await openApp();
    const response = await app.inject("/nothing/+12025550123");
    expect(response.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(log.lines()).toHaveLength(1);
    expect(log.lines()[0]).toMatchObject({ route: "unknown", status: 404 });
  });

  it("writes routes marked so at debug", async () => {
    const { app, log } = await openApp();
    await app.inject("/quiet");
    expect(requestLines(log)[0]).toMatchObject({ level: "debug", route: "/quiet" });
  });

  it("adds the service's own fields", async () => {
    const { app, log } = await openApp({ fields: (request) => ({ client_id: `of ${request.method}` }) });
    await app.inject("/quiet");
    expect(requestLines(log)[0]).toMatchObject({ client_id: "of GET" });
  });

  it("samples successes only", async () => {
    const draws = [0.1, 0.9];
    const { app, log } = await openApp({ successSampleRate: 0.5, random: () => draws.shift() ?? 1 });
    for (const url of ["/phones/1", "/phones/2", "/phones/3", "/refused"]) await app.inject(url);
    expect(requestLines(log).map(({ status }) => status)).toEqual([200, 403]);
  });

  it("refuses a sample rate that is no share", async () => {
    await expect(openApp({ successSampleRate: 5 })).rejects.toThrow(
      "successSampleRate must be between 0 and 1, but is 5",
    );
  });

  it("still logs a fault of ours beside the request's line", async () => {
    const { app, log } = await openApp();
    await app.inject("/broken");
    expect(requestLines(log)).toHaveLength(1);
    const faults = log.lines().filter(({ level }) => level === "error");
    expect(faults[0]).toMatchObject({
      request_id: requestLines(log)[0]?.request_id,
      err: { type: expect.any(String) },
    });
  });

  it("leaves the URL out of lines that carry the request and its reply", async () => {
    const { app, log } = await openApp();
    app.get("/told/:number", async (request, reply) => {
      request.log.info({ req: request, res: reply }, "told");
      return {};
    });
    await app.inject({ url: "/told/+12025550123", headers: { authorization: "Bearer c2VjcmV0" } });
    const requestId = requestLines(log)[0]?.request_id;
    expect(log.lines()[0]).toMatchObject({
      request_id: requestId,
      req: { request_id: requestId, method: "GET" },
      res: { status: 200 },
    });
    expect(log.text()).not.toMatch(/2025550123|c2VjcmV0/);
  });

  it("writes a line with status 499 when the client leaves before its answer", async () => {
    const { app, log } = await openApp();
    let answer: (value: string) => void = () => undefined;
    app.post("/slow", () => new Promise((resolve) => (answer = resolve)));
    await app.listen({ port: 0, host: "127.0.0.1" });
    const address = app.server.address();
    if (address === null || typeof address === "string") throw new Error("the app listens on no port");
    const started = new Promise<void>((resolve) => app.server.once("request", () => resolve()));
    const socket = connect(address.port, "127.0.0.1");
    socket.write("POST /slow HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
    await started;
    socket.destroy();
    await vi.waitUntil(() => requestLines(log).length > 0, { timeout: 5000 });
    answer("late");
    expect(requestLines(log)).toEqual([expect.objectContaining({ route: "/slow", status: 499, aborted: true })]);
  });
});

describe("generateRequestId", () => {
  it.each(["a", "A-1_b.c:d", "x".repeat(128)])("takes %s from the caller", (id) => {
    expect(generateRequestId({ headers: { "x-request-id": id } })).toBe(id);
  });

  it.each(["", "x".repeat(129), "a b", "a\nb", "ü", "a, b", '"'])("makes a UUID instead of %j", (id) => {
    expect(generateRequestId({ headers: { "x-request-id": id } })).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
  });

  it("makes a new UUID for each request without one", () => {
    expect(generateRequestId({ headers: {} })).not.toBe(generateRequestId({ headers: {} }));
  });
});
