import { createServer } from "node:net";
import { expect, test, vi } from "vitest";
import { startCallbackTarget } from "./callback-target.ts";
import { readHandset, startLab, submit } from "./start-lab.ts";

const BOUND = { timeout: 30_000, interval: 5 };

test("a callback answered with an error is not repeated", async () => {
  const target = await startCallbackTarget((response) => response.writeHead(503).end());
  const { origin } = await startLab();
  const fields = { To: "+15005550006", From: "Shop", Body: "Hi", StatusCallback: target.statusCallback("refused") };
  await submit(origin, { fields });
  await vi.waitFor(() => expect(target.statuses()).toContain("delivered"), BOUND);
  expect(target.statuses()).toEqual(["sent", "delivered"]);
});

test("a callback that is not answered in time is given up, and the next report still comes", async () => {
  const target = await startCallbackTarget((response, { fields }) => {
    if (fields.MessageStatus === "delivered") response.writeHead(204).end();
  });
  const { origin } = await startLab({ callbackTimeoutMs: 100 });
  const fields = { To: "+15005550006", From: "Shop", Body: "Hi", StatusCallback: target.statusCallback("silent") };
  await submit(origin, { fields });
  await vi.waitFor(() => expect(target.statuses()).toEqual(["sent", "delivered"]), BOUND);
});

test("a callback whose receiver resets the connection is not repeated", async () => {
  const target = await startCallbackTarget((response, { fields }) => {
    if (fields.MessageStatus === "sent") response.destroy();
    else response.writeHead(204).end();
  });
  const { origin } = await startLab();
  const fields = { To: "+15005550006", From: "Shop", Body: "Hi", StatusCallback: target.statusCallback("reset") };
  await submit(origin, { fields });
  await vi.waitFor(() => expect(target.statuses()).toEqual(["sent", "delivered"]), BOUND);
});

test("a text reaches the handset although its reports reach nobody", async () => {
  const { origin } = await startLab();
  const closedPort = await findClosedPort();
  const statusCallback = `http://127.0.0.1:${closedPort}/status?m=nobody`;
  const fields = { To: "+15005550006", From: "Shop", Body: "Hi", StatusCallback: statusCallback };
  expect((await submit(origin, { fields })).status).toBe(201);
  await vi.waitFor(async () => expect(await readHandset(origin, "+15005550006")).toHaveLength(1), BOUND);
});

test("closing lets everything accepted happen at once", async () => {
  const target = await startCallbackTarget();
  const first = await startLab({ deliveryDelayMs: 60_000 });
  const fields = { To: "+15005550006", From: "Shop", Body: "Hi", StatusCallback: target.statusCallback("closing") };
  await submit(first.origin, { fields });
  await first.close();
  expect(target.statuses()).toEqual(["sent", "delivered"]);
  const second = await startLab({ inboxFile: first.inboxFile });
  expect(await readHandset(second.origin, "+15005550006")).toHaveLength(1);
});

async function findClosedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("the server did not listen");
  return address.port;
}
