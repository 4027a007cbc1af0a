import Fastify, { type FastifyInstance } from "fastify";
import { beforeAll, expect, test } from "vitest";
import { errorHandler, httpServerOptions, registerApiPaths, unknownRoutes } from "./index.ts";

let app: FastifyInstance;

beforeAll(async () => {
  app = Fastify(httpServerOptions({ trustedProxyHops: 0 }));
  await app.register(errorHandler);
  await app.register(unknownRoutes);
  await registerApiPaths(app, async (api) => {
    api.post("/sms/send", async () => ({}));
    api.get("/sms", async () => ({}));
    api.get("/sms/:id(^[0-9a-f-]{36}$)", async () => ({}));
    api.post("/sms/:id(^[0-9a-f-]{36}$)/cancel", async () => ({}));
  });
  app.get("/docs/*", async () => ({}));
});

const ID = "0190a1b2-0000-7000-8000-000000000001";

test.each([
  ["/nothing"],
  ["/api"],
  ["/api/v1/sms/nothing"],
  ["/api/v1/smsX"],
  [`/api/v1/sms/${ID}/nothing`],
  ["/api/v2/sms"],
])("%s is 404 in the error shape", async (url) => {
  const response = await app.inject(url);
  expect(response.statusCode).toBe(404);
  expect(response.json()).toMatchObject({ error_code: "NOT_FOUND", details: {} });
});

test.each<["GET" | "POST" | "PUT" | "DELETE" | "PATCH", string, string]>([
  ["GET", "/api/v1/sms/send", "POST"],
  ["GET", "/api/sms/send?x=1", "POST"],
  ["PUT", "/api/v1/sms/send/", "POST"],
  ["DELETE", "/api/v1/sms", "GET, HEAD"],
  ["PATCH", `/api/sms/${ID}`, "GET, HEAD"],
  ["GET", `/api/v1/sms/${ID}/cancel`, "POST"],
  ["POST", "/docs/json", "GET, HEAD"],
])("%s %s is 405 and names the methods it knows", async (method, url, allow) => {
  const response = await app.inject({ method, url });
  expect(response.statusCode).toBe(405);
  expect(response.headers.allow).toBe(allow);
  expect(response.json().error_code).toBe("METHOD_NOT_ALLOWED");
});

test("a last slash changes nothing", async () => {
  expect((await app.inject({ method: "POST", url: "/api/v1/sms/send/" })).statusCode).toBe(200);
});

test("HEAD is answered where GET is, without a body", async () => {
  const response = await app.inject({ method: "HEAD", url: "/api/v1/sms" });
  expect(response.statusCode).toBe(200);
  expect(response.body).toBe("");
});
