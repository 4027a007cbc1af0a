import { expect, test } from "vitest";
import type { DirectoryKey, DirectorySnapshot } from "../directory-snapshot.ts";
import { createDirectoryCopy } from "./directory-copy.ts";

function key(hash: string): DirectoryKey {
  return { id: hash, client_id: "c", hash, kind: "test", scopes: ["read"], expires_at: null, revoked: false };
}

function snapshot(version: number, ...hashes: string[]): DirectorySnapshot {
  return { version, clients: [], keys: hashes.map(key), providers: [] };
}

/** A source that counts how often it is read. */
function openSource(first: DirectorySnapshot) {
  const state = { present: first, reads: 0, away: false };
  const source = {
    async read(present: number | undefined) {
      state.reads += 1;
      if (state.away) throw new Error("away");
      return state.present.version === present ? ("unchanged" as const) : state.present;
    },
  };
  return { state, source };
}

test("reads for an unknown key, once per second for each", async () => {
  const { state, source } = openSource(snapshot(1, "a"));
  let nowMs = 0;
  const copy = createDirectoryCopy(source, () => nowMs);
  await copy.refresh();
  state.present = snapshot(2, "a", "b");
  expect((await copy.findKey("b"))?.hash).toBe("b");
  expect(await copy.findKey("wrong")).toBeUndefined();
  const { reads } = state;
  expect(await copy.findKey("wrong")).toBeUndefined();
  expect(await copy.findKey("other", { memoryOnly: true })).toBeUndefined();
  expect(state.reads).toBe(reads);
  nowMs = 1_000;
  expect(await copy.findKey("wrong")).toBeUndefined();
  expect(state.reads).toBe(reads + 1);
});

test("finds a key that was made while an older read was under way", async () => {
  const { state, source } = openSource(snapshot(1, "a"));
  const copy = createDirectoryCopy(source);
  await copy.refresh();
  const older = copy.refresh();
  state.present = snapshot(2, "a", "b");
  expect((await copy.findKey("b"))?.hash).toBe("b");
  await older;
});

test("rejects while the source is away, remembers no miss of then, and keeps its copy", async () => {
  const { state, source } = openSource(snapshot(1, "a"));
  const copy = createDirectoryCopy(source);
  await copy.refresh();
  state.away = true;
  await expect(copy.refresh()).rejects.toThrow("away");
  await expect(copy.findKey("b")).rejects.toThrow("away");
  expect((await copy.findKey("a"))?.hash).toBe("a");
  state.away = false;
  state.present = snapshot(2, "b");
  expect((await copy.findKey("b"))?.hash).toBe("b");
});

test("keeps its copy when there is nothing to read any more", async () => {
  const answers = [snapshot(3, "a"), "absent" as const];
  const copy = createDirectoryCopy({ read: async () => answers.shift() ?? "unchanged" });
  await copy.refresh();
  await copy.refresh();
  expect([copy.snapshot()?.version, (await copy.findKey("a"))?.hash]).toEqual([3, "a"]);
});

test("asks twice at the most for all who ask at the same time", async () => {
  const { state, source } = openSource(snapshot(1, "a"));
  const copy = createDirectoryCopy(source);
  await Promise.all(Array.from({ length: 20 }, () => copy.refresh()));
  expect(state.reads).toBe(2);
});
