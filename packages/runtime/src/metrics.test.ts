import Fastify, { type FastifyInstance } from "fastify";
import { Counter, register } from "prom-client";
import { describe, expect, it } from "vitest";
import { httpMetricsPlugin } from "./http-metrics.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { metricsRoute } from "./metrics-route.ts";

async function openApp(token?: string): Promise<{ app: FastifyInstance; metrics: Metrics }> {
  const metrics = createMetrics("gateway");
  const app = Fastify();
  await app.register(httpMetricsPlugin, { metrics });
  await app.register(metricsRoute, { metrics, token });
  app.get("/items/:id", async (_request, reply) => reply.code(202).send({}));
  return { app, metrics };
}

describe("createMetrics", () => {
  it("holds the process metrics in a registry of its own", async () => {
    const text = await createMetrics("worker").registry.metrics();
    expect(text).toMatch(/process_cpu_seconds_total\{service="worker"\}/);
    expect(register.getMetricsAsArray()).toEqual([]);
  });

  it("keeps two services in one process apart", async () => {
    const [gateway, worker] = [createMetrics("gateway"), createMetrics("worker")];
    const counter = new Counter({ name: "accepted_total", help: "Accepted.", registers: [gateway.registry] });
    counter.inc();
    expect(await gateway.registry.metrics()).toContain('accepted_total{service="gateway"} 1');
    expect(await worker.registry.metrics()).not.toContain("accepted_total");
  });
});

describe("httpMetricsPlugin", () => {
  it("counts requests by method, route pattern and status", async () => {
    const { app, metrics } = await openApp();
    await app.inject("/items/1");
    await app.inject("/items/2?x=y");
    const text = await metrics.registry.metrics();
    expect(text).toContain(
      'http_request_duration_seconds_count{service="gateway",method="GET",route="/items/:id",status="202"} 2',
    );
    expect(text).not.toContain("/items/1");
  });

  it("gathers unknown routes under unknown", async () => {
    const { app, metrics } = await openApp();
    for (const url of ["/a", "/b/c", "/items"]) await app.inject(url);
    const text = await metrics.registry.metrics();
    expect(text).toContain(
      'http_request_duration_seconds_count{service="gateway",method="GET",route="unknown",status="404"} 3',
    );
  });
});

describe("metricsRoute", () => {
  it.each([undefined, ""])("is open when the token is %j", async (token) => {
    const { app } = await openApp(token);
    const response = await app.inject("/metrics");
    expect(response.statusCode).toBe(200);
    expect(response.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(response.body).toMatch(/^# HELP /);
  });

  it("answers 200 with the right token", async () => {
    const { app } = await openApp("s3cret");
    const response = await app.inject({ url: "/metrics", headers: { authorization: "Bearer s3cret" } });
    expect(response.statusCode).toBe(200);
  });

  it.each([undefined, "Bearer wrong", "Bearer", "Bearer s3cret2", "s3cret", "Basic s3cret"])(
    "answers 401 in the error shape to %j",
    async (authorization) => {
      const { app } = await openApp("s3cret");
      const response = await app.inject({
        url: "/metrics",
        headers: authorization === undefined ? {} : { authorization },
      });
      expect(response.statusCode).toBe(401);
      expect(response.headers["www-authenticate"]).toBe("Bearer");
      expect(response.json()).toEqual({
        error_code: "UNAUTHORIZED",
        message: expect.stringContaining("METRICS_TOKEN"),
        timestamp: expect.stringMatching(/Z$/),
      });
    },
  );
});
