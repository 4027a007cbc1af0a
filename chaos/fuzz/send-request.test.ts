import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type FuzzRequest, writeRequest } from "./fuzz-request.ts";
import { sendRequest } from "./send-request.ts";

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

/** Listens, and does this with each connection once something came. */
async function serve(answer: (socket: Socket, received: Buffer) => void): Promise<string> {
  server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", (received: Buffer) => answer(socket, received));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `http://127.0.0.1:${address.port}`;
}

function request(expects: Partial<FuzzRequest["expects"]> = {}): FuzzRequest {
  const bytes = writeRequest("GET /\xff HTTP/1.1", [["X", "\x01"]]);
  const address = { target: "/", from: "127.0.0.1" };
  return { kind: "test", bytes, methods: ["GET"], ...address, expects: { also: [], ...expects } };
}

test("a request goes out byte for byte, and the whole answer comes back", async () => {
  let seen = Buffer.alloc(0);
  const url = await serve((socket, received) => {
    seen = Buffer.from(received);
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    setImmediate(() => socket.write("cd"));
  });
  const exchange = await sendRequest(url, request());
  expect(seen.equals(request().bytes)).toBe(true);
  expect(exchange).toMatchObject({ end: "answered", restBytes: 0, answers: [{ status: 200 }] });
  expect(String(exchange.answers[0]?.body)).toBe("abcd");
});

test("a server that ends the connection has closed it, or has reset it", async () => {
  const closing = await serve((socket) => socket.end());
  expect(await sendRequest(closing, request())).toMatchObject({ end: "closed", answers: [] });
  const resetting = await serve((socket) => socket.resetAndDestroy());
  expect(await sendRequest(resetting, request())).toMatchObject({ end: "reset", failure: "ECONNRESET", answers: [] });
});

test("half an answer is left over", async () => {
  const url = await serve((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nab"));
  expect(await sendRequest(url, request())).toMatchObject({ end: "closed", restBytes: 41, answers: [] });
});

test("what follows the answer is seen where it is waited for", async () => {
  const url = await serve((socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    setImmediate(() => socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
  });
  expect((await sendRequest(url, request({ isWatched: true }))).answers).toHaveLength(2);
});
