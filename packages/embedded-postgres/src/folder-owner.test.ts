import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { identifySelf } from "./end-processes.ts";
import { askFolderLock, shareFolderLock } from "./folder-lock.ts";
import { ownFolder } from "./folder-owner.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sms-gateway-owner-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("of many who want a folder one gets it, and the others are told by whom it is held", async () => {
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => ownFolder(folder)));
  const refusals = results.flatMap((result) => (result.status === "rejected" ? [String(result.reason)] : []));
  expect(refusals).toHaveLength(19);
  for (const refusal of refusals) expect(refusal).toContain(`is in use by process ${process.pid}`);
});

test("a folder that was given back is free", async () => {
  for (let round = 0; round < 3; round += 1) {
    const owner = await ownFolder(folder);
    await owner.release();
  }
  expect(await readdir(folder)).toEqual(["owner.3.json"]);
});

test.each([
  ["of a process that has ended", JSON.stringify({ pid: 2 ** 22 + 1, identity: "gone" })],
  ["of a later process with the same pid", JSON.stringify({ pid: process.pid, identity: "another start" })],
  ["that lost its text with the power", ""],
  ["that holds zeros instead of its text", "\0\0\0\0"],
])("a claim %s holds nothing, and one alone follows it", async (_, text) => {
  await writeFile(join(folder, "owner.7.json"), text);
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => ownFolder(folder)));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await readdir(folder)).toEqual(["owner.8.json"]);
});

test("a claim of a living process holds", async () => {
  await writeFile(join(folder, "owner.7.json"), JSON.stringify(await identifySelf()));
  await expect(ownFolder(folder)).rejects.toThrow(`is in use by process ${process.pid}: stop that one first`);
});

describe.runIf(process.platform === "linux")("a claim of another pid namespace", () => {
  const claimOf = async ({ boot }: { boot: "this" | "another" }) => {
    const { identity } = await identifySelf();
    const claim = { pid: 7, identity: boot === "this" ? identity : "another boot:1", namespace: "pid:[1]" };
    await writeFile(join(folder, "owner.7.json"), JSON.stringify(claim));
  };

  test("holds while somebody has the lock of the folder, and no longer", async () => {
    await claimOf({ boot: "this" });
    const lock = await shareFolderLock(folder);
    await expect(ownFolder(folder)).rejects.toThrow(
      /is in use by process 7 of another container \(pid:\[1\]\), .*: stop that container first/,
    );
    expect(await readdir(folder)).toEqual(["owner.7.json"]);
    await lock?.close();
    await ownFolder(folder);
    expect(await readdir(folder)).toEqual(["owner.8.json"]);
  });

  test("holds nothing after a boot", async () => {
    await claimOf({ boot: "another" });
    await ownFolder(folder);
    expect(await readdir(folder)).toEqual(["owner.8.json"]);
  });

  test("is followed by one of many that want the folder", async () => {
    await claimOf({ boot: "this" });
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => ownFolder(folder)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(folder)).toEqual(["owner.8.json"]);
  });
});

test.runIf(process.platform === "linux")(
  "an owner holds the lock of the folder until it gives the folder back",
  async () => {
    const owner = await ownFolder(folder);
    expect(await askFolderLock(folder)).toBe("held");
    await owner.release();
    expect(await askFolderLock(folder)).toBe("free");
  },
);
