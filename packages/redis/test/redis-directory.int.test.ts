import type { DirectoryPublisher, DirectorySnapshot } from "@sms-gateway/contracts";
import {
  describeWith,
  describeWithOwn,
  directoryContract,
  directoryStoreContract,
  newSnapshot,
  testKeyPrefix,
  waitFor,
} from "@sms-gateway/testkit";
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { createRedisConnection, createRedisDirectory, createRedisDirectoryPublisher } from "../src/index.ts";

/** Directories and publishers, each with a connection of its own, under one key prefix. */
function openDirectories(url: string, keyPrefix: string) {
  const closings: (() => Promise<void>)[] = [];
  let keeper: DirectoryPublisher | undefined;
  const connect = async () => {
    const connection = createRedisConnection({ url, keyPrefix });
    closings.push(connection.close);
    await waitFor(() => connection.ping().then(() => true), { what: "the connection to Redis" });
    return connection;
  };
  return {
    openDirectory: async (options = {}) => {
      const directory = createRedisDirectory(await connect(), options);
      closings.unshift(directory.close);
      return directory;
    },
    openPublisher: async () => createRedisDirectoryPublisher(await connect()),
    put: async (snapshot: DirectorySnapshot) => {
      keeper ??= createRedisDirectoryPublisher(await connect());
      await keeper.publish(snapshot);
    },
    close: async () => {
      for (const close of closings) await close();
    },
  };
}

describeWith("redis", "the directory on Redis", (url) => {
  directoryContract("redis", async () => openDirectories(url, testKeyPrefix()));
  directoryStoreContract("redis", async () => openDirectories(url, testKeyPrefix()));

  it("takes a version without its snapshot for nothing published, so that the next publisher repairs it", async () => {
    const keyPrefix = testKeyPrefix();
    const { openDirectory, openPublisher, close } = openDirectories(url, keyPrefix);
    const raw = new Redis(url);
    const publisher = await openPublisher();
    await publisher.publish(newSnapshot(3));
    await raw.del(`${keyPrefix}{directory}:snapshot`);
    expect(await publisher.publishedVersion()).toBeUndefined();
    expect(await publisher.publish(newSnapshot(3))).toBe("published");
    expect(await publisher.publishedVersion()).toBe(3);
    const directory = await openDirectory();
    await directory.refresh();
    expect(directory.version()).toBe(3);
    await raw.quit();
    await close();
  });

  it("keeps its copy when what is published cannot be read, and says so", async () => {
    const keyPrefix = testKeyPrefix();
    const { openDirectory, openPublisher, close } = openDirectories(url, keyPrefix);
    const raw = new Redis(url);
    await (await openPublisher()).publish(newSnapshot(1));
    const directory = await openDirectory();
    await directory.refresh();
    await raw.mset(
      `${keyPrefix}{directory}:version`,
      "2",
      `${keyPrefix}{directory}:snapshot`,
      '{"version":2,"clients":[]}',
    );
    await directory.refresh();
    expect([directory.version(), directory.loaded(), (await directory.findKey("key"))?.hash]).toEqual([1, true, "key"]);
    expect(directory.health()).toMatchObject({ ok: false, detail: expect.stringContaining("version 1 is kept") });
    raw.disconnect();
    await close();
  });
});

describeWithOwn("redis", "the directory when its Redis loses everything", (start) => {
  it("keeps its copy while Redis is empty or away, and takes what is published afterwards", async () => {
    const server = await start();
    const { openDirectory, openPublisher, close } = openDirectories(server.url, "t:");
    const publisher = await openPublisher();
    await publisher.publish(newSnapshot(5));
    const directory = await openDirectory({ refreshEveryMs: 50 });
    await waitFor(() => directory.loaded(), { what: "the first copy" });

    await server.stop();
    await waitFor(() => !directory.health().ok, { what: "the loss to be noticed" });
    expect([directory.version(), (await directory.findKey("key"))?.hash]).toEqual([5, "key"]);
    expect(await directory.findKey("unknown")).toBeUndefined();

    // Not durable: it comes back empty.
    await server.start();
    await waitFor(() => directory.health().ok, { what: "the directory to reach Redis again" });
    expect(directory.health().detail).toContain("nothing is published; version 5 is kept");
    expect([directory.version(), (await directory.findKey("key"))?.hash]).toEqual([5, "key"]);

    await waitFor(async () => (await publisher.publish(newSnapshot(5))) === "published", { what: "the publisher" });
    await publisher.publish(newSnapshot(6, ["new"]));
    await waitFor(() => directory.version() === 6, { what: "the newer version" });
    await close();
  });
});
