import { Writable } from "node:stream";
import { ApiError } from "@sms-gateway/contracts";
import Fastify, { type FastifyInstance } from "fastify";
import { expect, test } from "vitest";
import { errorHandler, httpServerOptions, sendError } from "./index.ts";

async function buildThrowing(error: unknown): Promise<{ app: FastifyInstance; logged: string[] }> {
  const logged: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      logged.push(String(chunk));
      done();
    },
  });
  const app = Fastify({ ...httpServerOptions({ trustedProxyHops: 0 }), logger: { level: "warn", stream } });
  await app.register(errorHandler);
  app.get("/", async () => {
    throw error;
  });
  app.get("/items/:id", async () => ({}));
  await app.register(async (scope) => {
    scope.setErrorHandler((thrown, request, reply) => sendError(thrown, request, reply, { repeatMessage: true }));
    scope.get("/repeated", async () => {
      throw error;
    });
  });
  return { app, logged };
}

test("an ApiError is shown as it is, with Retry-After and without a line in the log", async () => {
  const details = { outcome: "unknown", reason: "queue_unconfirmed" };
  const error = new ApiError("SERVICE_UNAVAILABLE", {
    message: "Later.",
    details,
    trackingId: "t-1",
    retryAfterS: 3,
    cause: new Error("secret"),
  });
  const { app, logged } = await buildThrowing(error);
  const response = await app.inject("/");
  expect(response.statusCode).toBe(503);
  expect(response.headers["retry-after"]).toBe("3");
  expect(response.json()).toEqual({
    error_code: "SERVICE_UNAVAILABLE",
    message: "Later.",
    details,
    tracking_id: "t-1",
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  });
  expect(logged).toEqual([]);
});

test.each<[string, unknown]>([
  ["an unexpected error", new Error("connect ECONNREFUSED redis://:password@host")],
  ["a thrown string", "password"],
  ["a plugin's 5xx", Object.assign(new Error("password"), { statusCode: 502 })],
])("%s is INTERNAL_ERROR without detail, and logged once", async (_what, error) => {
  const { app, logged } = await buildThrowing(error);
  const response = await app.inject("/");
  expect(response.statusCode).toBe(500);
  expect(response.json()).toMatchObject({
    error_code: "INTERNAL_ERROR",
    message: "Something went wrong on our side.",
    details: {},
  });
  expect(response.body).not.toContain("password");
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain("http.failed");
});

test("a scope may repeat the message as the requirement documents' clients expect it", async () => {
  const { app } = await buildThrowing(new ApiError("NOT_FOUND", { message: "No such thing." }));
  expect((await app.inject("/repeated")).json()).toMatchObject({ message: "No such thing.", error: "No such thing." });
  expect((await app.inject("/")).json()).not.toHaveProperty("error");
});

test.each([
  ["/%zz", 400, "INVALID_PAYLOAD"],
  [`/items/${"x".repeat(200)}`, 404, "NOT_FOUND"],
])("the address %s that cannot be routed is answered in the error shape", async (url, status, code) => {
  const { app } = await buildThrowing(new Error());
  const response = await app.inject(url);
  expect(response.statusCode).toBe(status);
  expect(response.json().error_code).toBe(code);
});

test.each([
  [403, 404, "NOT_FOUND"],
  [409, 400, "INVALID_PAYLOAD"],
  [502, 500, "INTERNAL_ERROR"],
])("what a plugin throws with status %i is answered with %i", async (thrown, status, code) => {
  const { app } = await buildThrowing(Object.assign(new Error("secret"), { statusCode: thrown }));
  const response = await app.inject("/");
  expect(response.statusCode).toBe(status);
  expect(response.json().error_code).toBe(code);
  expect(response.body).not.toContain("secret");
});
