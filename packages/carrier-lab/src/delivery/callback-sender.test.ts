import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer } from "node:net";
import Fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { createCallbackSender } from "./callback-sender.ts";

test.each([0, 1])("connects again %i times where nobody listens, then gives up", async (retries) => {
  let failures = 0;
  const countFailure = () => {
    failures += 1;
  };
  subscribe("undici:client:connectError", countFailure);
  onTestFinished(() => {
    unsubscribe("undici:client:connectError", countFailure);
  });
  const sender = createSender();
  const callback = { url: new URL(`http://127.0.0.1:${await findClosedPort()}/`), headers: {}, body: "" };
  const result = await sender.send(callback, { answerTimeoutMs: 1000, retriesOnConnectFailure: retries });
  expect(result).toEqual({ outcome: "unreachable", reason: "ECONNREFUSED" });
  expect(failures).toBe(1 + retries);
});

test("reuses its connections", async () => {
  const ports = new Set<number | undefined>();
  const receiver = Fastify();
  receiver.post("/", async (request) => {
    ports.add(request.socket.remotePort);
    return {};
  });
  onTestFinished(() => receiver.close());
  const url = new URL(await receiver.listen({ host: "127.0.0.1", port: 0 }));
  const sender = createSender();
  for (let count = 0; count < 20; count += 1) {
    const result = await sender.send(
      { url, headers: {}, body: "" },
      { answerTimeoutMs: 1000, retriesOnConnectFailure: 0 },
    );
    expect(result).toEqual({ outcome: "answered", httpStatus: 200 });
  }
  // A connection is free again a moment after its answer, so a second one may open.
  expect(ports.size).toBeLessThanOrEqual(2);
});

function createSender() {
  const sender = createCallbackSender(Fastify().log);
  onTestFinished(() => sender.close());
  return sender;
}

async function findClosedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("the server did not listen");
  return address.port;
}
