import { Agent, request } from "node:http";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { drainConnections } from "./drain-connections.ts";

test("closes as soon as the request in flight is answered, though the client keeps its connection alive", async () => {
  const app = Fastify({ keepAliveTimeout: 60_000 });
  let answer: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let arrived: () => void = () => undefined;
  const inFlight = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  await app.register(drainConnections);
  const closingBegan = new Promise<void>((resolve) => {
    app.addHook("preClose", async () => resolve());
  });
  app.get("/", async () => {
    arrived();
    await held;
    return "done";
  });
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  const agent = new Agent({ keepAlive: true });
  const answered = new Promise<string | undefined>((resolve, reject) => {
    request(address, { agent }, (response) => {
      response.resume().on("end", () => resolve(response.headers.connection));
    })
      .on("error", reject)
      .end();
  });
  await inFlight;
  const closed = app.close();
  await closingBegan;
  answer();
  expect(await answered).toBe("close");
  // Would outlast the test's own limit with a kept connection.
  await closed;
  agent.destroy();
});
