import { Redis } from "ioredis";
import { afterEach, expect, test } from "vitest";
import { describeWithOwn } from "../src/index.ts";
import { expectNothingLeft, runningPartsOf } from "./server-processes.ts";

describeWithOwn("redis", "Redis", (start) => {
  const clients: Redis[] = [];
  const connect = (url: string) => {
    const client = new Redis(url, { retryStrategy: () => null });
    client.on("error", () => undefined);
    clients.push(client);
    return client;
  };
  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect();
  });

  test("keeps keys over stop, kill -9 and start, and leaves no process behind", async () => {
    const server = await start({ durable: true, password: 'a "quoted" \\ word' });
    await connect(server.url).set("first", "1");
    await server.restart();
    expect(await connect(server.url).get("first")).toBe("1");
    await connect(server.url).set("second", "2");
    await server.kill();
    await server.start();
    expect(await connect(server.url).mget("first", "second")).toEqual(["1", "2"]);
    const parts = await runningPartsOf(server.dataDir);
    await server.stop();
    await expectNothingLeft(parts);
  });

  test("never evicts and asks for the password", async () => {
    const server = await start({ password: "secret" });
    expect(await connect(server.url).config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "noeviction"]);
    await expect(connect(server.url.replace("secret", "wrong")).get("first")).rejects.toThrow(/NOAUTH|WRONGPASS/);
  });

  test("answers nothing while paused and goes on when resumed", async () => {
    const server = await start();
    const client = connect(server.url);
    await client.set("first", "1");
    await server.pause();
    const answer = client.get("first");
    await expect(connectWithin(server.url, 300)).rejects.toThrow();
    await server.resume();
    expect(await answer).toBe("1");
  });

  async function connectWithin(url: string, commandTimeout: number): Promise<void> {
    const client = new Redis(url, { retryStrategy: () => null, commandTimeout, lazyConnect: true });
    clients.push(client);
    client.on("error", () => undefined);
    await client.ping();
  }
});
