import { Readable } from "node:stream";
import Fastify, { type FastifyInstance } from "fastify";
import { beforeAll, expect, test } from "vitest";
import { errorHandler, registerApiPaths } from "./index.ts";

let app: FastifyInstance;

beforeAll(async () => {
  app = Fastify();
  await app.register(errorHandler);
  const shown = { type: "object", properties: { shown: { type: "boolean" } } };
  await registerApiPaths(app, async (api) => {
    api.post("/accept", { schema: { response: { 202: shown } } }, async (_request, reply) =>
      reply.code(202).send({ shown: true, hidden: true }),
    );
    api.post("/empty", async (_request, reply) => reply.code(204).send());
    api.get("/stream", async (_request, reply) => reply.code(201).send(Readable.from(["streamed"])));
    api.get("/moved", async (_request, reply) => reply.redirect("/accept", 302));
    api.get("/missing", async (_request, reply) => reply.code(404).send({ error: true }));
  });
});

test.each([
  ["/api/v1/accept", 202],
  ["/api/accept", 200],
])("POST %s answers %i with the same body, serialised by its schema", async (url, status) => {
  const response = await app.inject({ method: "POST", url });
  expect(response.statusCode).toBe(status);
  expect(response.body).toBe('{"shown":true}');
});

test("success is 200 under /api for answers without a body and for streams too", async () => {
  expect((await app.inject({ method: "POST", url: "/api/empty" })).statusCode).toBe(200);
  expect((await app.inject({ method: "POST", url: "/api/v1/empty" })).statusCode).toBe(204);
  const streamed = await app.inject("/api/stream");
  expect([streamed.statusCode, streamed.body]).toEqual([200, "streamed"]);
});

test("what is no success stays as it is under /api", async () => {
  expect((await app.inject("/api/moved")).statusCode).toBe(302);
  expect((await app.inject("/api/missing")).statusCode).toBe(404);
});
