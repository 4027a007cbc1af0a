import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { createSilentRequests } from "./silent-requests.ts";

const BOUND = { timeout: 30_000, interval: 5 };

/** A connection, both ends of it. */
async function openConnection(): Promise<{ client: Socket; held: Socket }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const client = connect(address.port, "127.0.0.1");
  const held = await accepted;
  onTestFinished(() => {
    client.destroy();
    held.destroy();
    server.close();
  });
  return { client, held };
}

test("is full while as many are held as it may, and has room again when a sender goes", async () => {
  const requests = createSilentRequests({ timeoutMs: 60_000, requestsMax: 1 });
  const { client, held } = await openConnection();
  expect(requests.isFull()).toBe(false);
  requests.hold(held);
  expect(requests.isFull()).toBe(true);
  client.destroy();
  await vi.waitFor(() => expect(requests.isFull()).toBe(false), BOUND);
});

test("ends the connection without a byte when the time is up", async () => {
  const requests = createSilentRequests({ timeoutMs: 20, requestsMax: 1 });
  const { client, held } = await openConnection();
  const data = vi.fn();
  client.on("data", data);
  requests.hold(held);
  await once(client, "end");
  expect(data).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(requests.isFull()).toBe(false), BOUND);
});

test("closing ends what is held, and at once what comes afterwards", async () => {
  const requests = createSilentRequests({ timeoutMs: 60_000, requestsMax: 10 });
  const [early, late] = [await openConnection(), await openConnection()];
  for (const { client } of [early, late]) client.resume();
  requests.hold(early.held);
  requests.close();
  await once(early.client, "end");
  requests.hold(late.held);
  await once(late.client, "end");
});
