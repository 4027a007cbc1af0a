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
  const state = { present: first, loads: 0, versions: 0, away: false };
  const source = {
    async readVersion() {
      state.versions += 1;
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

  it("looks for an unknown key in the database, once per second for each", async () => {
    const { state, source } = openSource(snapshot(1, "a"));
    let nowMs = 0;
    const directory = createKnownDirectory(source, () => nowMs);
    await directory.refresh();
    state.present = snapshot(2, "a", "b");
    expect((await directory.findKey("b"))?.hash).toBe("b");
    expect(await directory.findKey("wrong")).toBeUndefined();
    const asked = state.versions;
    expect(await directory.findKey("wrong")).toBeUndefined();
    expect(await directory.findKey("other", true)).toBeUndefined();
    expect(state.versions).toBe(asked);
    nowMs = 1000;
    expect(await directory.findKey("wrong")).toBeUndefined();
    expect(state.versions).toBe(asked + 1);
  });

  it("finds a key that was made while an older look was under way", async () => {
    const { state, source } = openSource(snapshot(1, "a"));
    const directory = createKnownDirectory(source);
    await directory.refresh();
    const older = directory.refresh();
    state.present = snapshot(2, "a", "b");
    expect((await directory.findKey("b"))?.hash).toBe("b");
    await older;
  });

  it("keeps its last copy while the database is away", async () => {
    const { state, source } = openSource(snapshot(1, "a"));
    const directory = createKnownDirectory(source);
    await directory.refresh();
    state.away = true;
    await expect(directory.refresh()).rejects.toThrow("away");
    expect((await directory.findKey("a"))?.hash).toBe("a");
  });

  it("asks the database once for all who ask at the same time", async () => {
    const { state, source } = openSource(snapshot(1, "a"));
    const directory = createKnownDirectory(source);
    await Promise.all([directory.refresh(), directory.refresh(), directory.refresh()]);
    expect(state.versions).toBe(1);
  });
});
