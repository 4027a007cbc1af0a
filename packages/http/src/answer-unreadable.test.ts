import { connect } from "node:net";
import { text } from "node:stream/consumers";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { httpServerOptions } from "./index.ts";

let app: FastifyInstance;
let port: number;

beforeAll(async () => {
  app = Fastify(httpServerOptions({ trustedProxyHops: 0 }));
  app.get("/", async () => ({}));
  app.post("/", async () => ({}));
  app.get("/slow", () => new Promise(() => undefined));
  port = Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);
});
afterAll(() => app.close());

/** All that comes back until the server closes the connection. */
async function send(bytes: string): Promise<{ head: string; body: string }> {
  const socket = connect(port, "127.0.0.1");
  socket.write(bytes);
  const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
  return { head, body };
}

test.each([
  ["is not HTTP", "EHLO carrier\r\n\r\n", 400],
  ["has a line end inside of a header", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400],
  ["says two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400],
  [
    "has a chunk whose size is none",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    400,
  ],
  ["has headers without end", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
])("what %s is answered in the error shape, and the connection ends", async (_, bytes, status) => {
  const { head, body } = await send(bytes);
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toContain("Connection: close");
  expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
  expect(JSON.parse(body)).toMatchObject({ error_code: "INVALID_PAYLOAD", message: expect.any(String) });
});

test("while an earlier request has no answer yet, the connection ends without one", async () => {
  const { head } = await send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nrubbish\r\n\r\n");
  expect(head).toBe("");
});

test("a request that does not arrive in time is told so, whichever part of it is missing", async () => {
  const options = httpServerOptions({ trustedProxyHops: 0 });
  expect(options.http.headersTimeout).toBeLessThan(options.requestTimeout);
  const quick = { ...options.http, headersTimeout: 200, connectionsCheckingInterval: 50 };
  const hasty = Fastify({ ...options, http: quick, requestTimeout: 300 });
  hasty.post("/", async () => ({}));
  const { port: hastyPort } = new URL(await hasty.listen({ host: "127.0.0.1", port: 0 }));
  try {
    const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n";
    for (const part of ["", "POST / HTTP/1.1\r\nHost:", `${head}{`]) {
      const socket = connect(Number(hastyPort), "127.0.0.1");
      socket.write(part);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
    }
  } finally {
    await hasty.close();
  }
});
