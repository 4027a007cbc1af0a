import { expect, it, onTestFinished, vi } from "vitest";
import { createHttpExchanger } from "../src/http-exchange.ts";
import { answer, startUnrulyServer } from "./unruly-server.ts";

const BOUND = { timeout: 30_000, interval: 10 };

function post(host: string) {
  return { origin: `http://${host}`, path: "/x?y=1", method: "POST", headers: {}, body: "a=b" } as const;
}

it("writes nothing into a connection that comes after the request was given up", async () => {
  const server = await startUnrulyServer(() => {});
  const controller = new AbortController();
  const exchanged = createHttpExchanger().exchange(post(server.host), { timeoutMs: 5000, signal: controller.signal });
  controller.abort();
  expect(await exchanged).toEqual({ kind: "unsent", code: "CANCELED" });
  await vi.waitFor(() => expect(server.connections()).toBe(1), BOUND);
  await vi.waitFor(() => expect(server.openConnections()).toBe(0), BOUND);
  expect(server.received()).toBe("");
});

it("waits for the real answer behind an interim one", async () => {
  const server = await startUnrulyServer((socket) =>
    socket.write(`HTTP/1.1 103 Early Hints\r\n\r\n${answer(201, { "Retry-After": "5" }, "done")}`),
  );
  const limits = { timeoutMs: 5000, signal: new AbortController().signal };
  const result = await createHttpExchanger().exchange(post(server.host), limits);
  expect(result).toMatchObject({ kind: "answered", status: 201, headers: { "retry-after": "5" }, body: "done" });
  expect(server.requests[0]).toMatch(/^POST \/x\?y=1 HTTP\/1\.1\r\n.*\r\n\r\na=b$/s);
});

it("stops reading an answer that is larger than any provider's", async () => {
  const server = await startUnrulyServer((socket) =>
    socket.write(`HTTP/1.1 201 Created\r\nContent-Length: 1900000\r\n\r\n${" ".repeat(1_800_000)}`),
  );
  const limits = { timeoutMs: 5000, signal: new AbortController().signal };
  const result = await createHttpExchanger().exchange(post(server.host), limits);
  expect(result).toEqual({ kind: "broken", code: "ANSWER_TOO_LARGE" });
  await vi.waitFor(() => expect(server.openConnections()).toBe(0), BOUND);
});

it("leaves nothing behind on a signal that lives longer than its requests", async () => {
  const server = await startUnrulyServer((socket) => socket.write(answer(200, {}, "")));
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, "addEventListener");
  const removed = vi.spyOn(signal, "removeEventListener");
  const warned = vi.fn();
  process.on("warning", warned);
  onTestFinished(() => void process.off("warning", warned));
  const http = createHttpExchanger();
  await Promise.all(Array.from({ length: 20 }, () => http.exchange(post(server.host), { timeoutMs: 5000, signal })));
  expect(added).toHaveBeenCalledTimes(20);
  const listeners = (calls: unknown[][]) => new Set(calls.map(([, listener]) => listener));
  expect(listeners(removed.mock.calls)).toEqual(listeners(added.mock.calls));
  expect(warned).not.toHaveBeenCalled();
});
