import type { DirectoryKey, DirectorySnapshot } from "@sms-gateway/contracts";
import { describe, expect, it } from "vitest";
import { createKnownDirectory } from "./known-directory.ts";

function key(hash: string): DirectoryKey {
  return { id: hash, client_id: "c", hash, kind: "test", scopes: ["read"], expires_at: null, revoked: false };
}

function snapshot(version: number, ...hashes: string[]): DirectorySnapshot {
  return { version, clients: [], keys: hashes.map(key), providers: [] };
}

function openSource(first: DirectorySnapshot) {
  const state = { present: first, loads: 0, away: false };
  const source = {
    async readVersion() {
      if (state.away) throw new Error("away");
      return state.present.version;
    },
    async load() {
      state.loads += 1;
      return state.present;
    },
  };
  return { state, source };
}

describe("createKnownDirectory", () => {
  it("loads again when the version falls: the database was restored to an older state", async () => {
    const { state, source } = openSource(snapshot(9, "a", "b"));
    const directory = createKnownDirectory(source);
    await directory.refresh();
    state.present = snapshot(4, "a");
    await directory.refresh();
    expect(directory.snapshot()?.version).toBe(4);
    expect(await directory.findKey("b")).toBeUndefined();
  });

  it("loads again only when the version changes", async () => {
    const { state, source } = openSource(snapshot(1, "a"));
    const directory = createKnownDirectory(source);
    await directory.refresh();
    await directory.refresh();
    expect(state.loads).toBe(1);
    state.present = snapshot(2, "a", "b");
    await directory.refresh();
    expect(state.loads).toBe(2);
    expect(directory.snapshot()?.version).toBe(2);
  });

  it("asks no database for callers that have failed too often", async () => {
    const { state, source } = openSource(snapshot(1, "a"));
    const directory = createKnownDirectory(source);
    await directory.refresh();
    state.present = snapshot(2, "a", "b");
    expect(await directory.findKey("b", true)).toBeUndefined();
    expect((await directory.findKey("b"))?.hash).toBe("b");
  });

  it("keeps its last copy while the database is away, and rejects what only the database can answer", async () => {
    const { state, source } = openSource(snapshot(1, "a"));
    const directory = createKnownDirectory(source);
    await directory.refresh();
    state.away = true;
    await expect(directory.refresh()).rejects.toThrow("away");
    expect((await directory.findKey("a"))?.hash).toBe("a");
    await expect(directory.findKey("b")).rejects.toThrow("away");
  });
});
