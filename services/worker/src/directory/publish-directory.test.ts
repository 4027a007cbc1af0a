import type { DirectorySnapshot } from "@sms-gateway/contracts";
import { createLogger } from "@sms-gateway/runtime";
import { describe, expect, it } from "vitest";
import { createKnownDirectory } from "./known-directory.ts";
import { createPublishDirectory } from "./publish-directory.ts";

const AWAY = new Error("away");

function openWorld(version: number) {
  const snapshot: DirectorySnapshot = { version, clients: [], keys: [], providers: [] };
  const state = { snapshot, published: undefined as number | undefined, isDatabaseAway: false, isStoreAway: false };
  const log: Record<string, unknown>[] = [];
  const directory = createKnownDirectory({
    async readVersion() {
      if (state.isDatabaseAway) throw AWAY;
      return state.snapshot.version;
    },
    load: async () => state.snapshot,
  });
  const publisher = {
    async publishedVersion() {
      if (state.isStoreAway) throw AWAY;
      return state.published;
    },
    async publish(given: DirectorySnapshot) {
      state.published = given.version;
      return "published" as const;
    },
    close: async () => undefined,
  };
  const destination = { write: (line: string) => void log.push(JSON.parse(line)) };
  const logger = createLogger({ service: "worker", level: "info", destination });
  return { state, log, directory, publish: createPublishDirectory({ directory, publisher, logger }) };
}

describe("createPublishDirectory", () => {
  it("publishes a newer version, and says which it replaced", async () => {
    const { state, log, publish } = openWorld(2);
    state.published = 1;
    await publish();
    await publish();
    expect(state.published).toBe(2);
    expect(log).toMatchObject([{ event: "directory.published", version: 2, previous: 1 }]);
  });

  it("publishes what it knows while the database is away, and rejects all the same", async () => {
    const { state, publish } = openWorld(2);
    await publish();
    state.published = undefined;
    state.isDatabaseAway = true;
    await expect(publish()).rejects.toBe(AWAY);
    expect(state.published).toBe(2);
  });

  it("refreshes its own copy while the store is away, and rejects", async () => {
    const { state, directory, publish } = openWorld(2);
    state.isStoreAway = true;
    await expect(publish()).rejects.toBe(AWAY);
    expect(directory.snapshot()?.version).toBe(2);
  });

  it("says once that gateways know a newer version than the database", async () => {
    const { state, log, publish } = openWorld(4);
    state.published = 9;
    await publish();
    await publish();
    expect(state.published).toBe(9);
    expect(log).toMatchObject([{ event: "directory.stale", published: 9, version: 4 }]);
  });
});
