import Fastify, { type FastifyInstance } from "fastify";
import { describe, expect, it, vi } from "vitest";
import { type CapturedLog, captureLog } from "../test/capture-log.ts";
import { fastifyLoggerOptions } from "./fastify-logger-options.ts";
import { type HealthRoutesOptions, healthRoutes } from "./health-routes.ts";
import { createLogger } from "./logger.ts";

async function openApp(options: HealthRoutesOptions): Promise<{ app: FastifyInstance; log: CapturedLog }> {
  const log = captureLog();
  const logger = createLogger({ service: "gateway", level: "info", destination: log.destination });
  const app = Fastify({ ...fastifyLoggerOptions(logger) });
  await app.register(healthRoutes, options);
  return { app, log };
}

const redisUp = { name: "redis", check: async () => ({ ok: true }) };

describe("GET /healthz", () => {
  it("answers 200 whatever the dependencies do", async () => {
    const { app } = await openApp({ checks: [{ name: "redis", check: async () => ({ ok: false }) }] });
    const response = await app.inject("/healthz");
    expect([response.statusCode, response.json()]).toEqual([200, { status: "ok" }]);
  });
});

describe("GET /readyz", () => {
  it("answers 200 when every dependency is ok", async () => {
    const withDetail = { name: "queue", check: async () => ({ ok: true, detail: "kept with other arguments" }) };
    const { app } = await openApp({ checks: [redisUp, withDetail] });
    const response = await app.inject("/readyz");
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      status: "ready",
      checks: { redis: { status: "ok" }, queue: { status: "ok", detail: "kept with other arguments" } },
    });
  });

  it("answers 503 and names the dependency that is down", async () => {
    const { app } = await openApp({
      checks: [redisUp, { name: "rabbitmq", check: async () => ({ ok: false, detail: "not connected" }) }],
    });
    const response = await app.inject("/readyz");
    expect(response.statusCode).toBe(503);
    expect(response.json()).toEqual({
      status: "not_ready",
      checks: { redis: { status: "ok" }, rabbitmq: { status: "down", detail: "not connected" } },
    });
  });

  it("shows nothing of the error a check throws", async () => {
    const failing = {
      name: "postgres",
      check: async () => {
        throw new Error("connect ECONNREFUSED 10.0.0.5:5432");
      },
    };
    const { app, log } = await openApp({ checks: [failing] });
    const response = await app.inject("/readyz");
    expect(response.json().checks.postgres).toEqual({ status: "down", detail: "check failed" });
    expect(log.lines()[0]).toMatchObject({
      event: "readiness.changed",
      err: { message: expect.stringContaining("10.0.0.5") },
    });
  });

  it("does not wait longer than the timeout for a check that hangs, nor start it twice", async () => {
    const check = vi.fn(() => new Promise<{ ok: boolean }>(() => undefined));
    const { app } = await openApp({ checks: [redisUp, { name: "postgres", check }], timeoutMs: 20 });
    for (let round = 0; round < 2; round += 1) {
      const response = await app.inject("/readyz");
      expect(response.statusCode).toBe(503);
      expect(response.json().checks).toEqual({
        redis: { status: "ok" },
        postgres: { status: "down", detail: "no answer within 20 ms" },
      });
    }
    expect(check).toHaveBeenCalledTimes(1);
  });

  it("asks the dependencies in parallel", async () => {
    let arrived = 0;
    let release: () => void = () => undefined;
    const bothArrived = new Promise<void>((resolve) => (release = resolve));
    const check = async () => {
      arrived += 1;
      if (arrived === 2) release();
      await bothArrived;
      return { ok: true };
    };
    const { app } = await openApp({ checks: ["a", "b"].map((name) => ({ name, check })) });
    expect((await app.inject("/readyz")).statusCode).toBe(200);
  });

  it("logs a dependency's change once, not at each probe", async () => {
    let ok = true;
    const { app, log } = await openApp({ checks: [{ name: "redis", check: async () => ({ ok }) }] });
    for (ok of [true, false, false, true, true]) await app.inject("/readyz");
    expect(log.lines().map(({ level, status }) => [level, status])).toEqual([
      ["warn", "down"],
      ["info", "ok"],
    ]);
  });

  it("answers 503 with stopping while the service stops, without asking anyone", async () => {
    const check = vi.fn(async () => ({ ok: true }));
    const { app } = await openApp({ checks: [{ name: "redis", check }], isStopping: () => true });
    const response = await app.inject("/readyz");
    expect(response.statusCode).toBe(503);
    expect(response.json()).toEqual({ status: "not_ready", stopping: true, checks: {} });
    expect(check).not.toHaveBeenCalled();
  });
});
