import { once } from "node:events";
import { connect } from "node:net";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { httpServerOptions } from "./index.ts";

async function addressWith(trustedProxyHops: number, forwardedFor: string): Promise<string> {
  const app = Fastify(httpServerOptions({ trustedProxyHops }));
  app.get("/", async (request) => request.ip);
  const response = await app.inject({
    url: "/",
    headers: { "x-forwarded-for": forwardedFor },
    remoteAddress: "10.0.0.1",
  });
  return response.body;
}

test("X-Forwarded-For is not believed without a proxy of ours in front", async () => {
  expect(await addressWith(0, "203.0.113.7")).toBe("10.0.0.1");
});

test("X-Forwarded-For is believed as far as our proxies have written it", async () => {
  expect(await addressWith(1, "198.51.100.1, 203.0.113.7")).toBe("203.0.113.7");
  expect(await addressWith(2, "198.51.100.1, 203.0.113.7")).toBe("198.51.100.1");
});

test("who does not read the answers loses the connection", async () => {
  const options = httpServerOptions({ trustedProxyHops: 0 });
  expect(options.connectionTimeout).toBe(40_000);
  const app = Fastify({ ...options, connectionTimeout: 200 });
  app.get("/", async () => "x".repeat(1_000_000));
  const url = new URL(await app.listen({ host: "127.0.0.1", port: 0 }));
  const ended = new Promise<void>((resolve) => {
    app.server.once("connection", (socket) => socket.once("close", () => resolve()));
  });
  const client = connect(Number(url.port), url.hostname).pause();
  try {
    await once(client, "connect");
    client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50));
    await ended;
  } finally {
    client.destroy();
    await app.close();
  }
});
