import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withCommandLock } from "./command-lock.ts";
import { OperatorError } from "./operator-error.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "command-lock-"));
});
afterEach(() => rmSync(root, { recursive: true }));

test("a second command is told which one is under way", async () => {
  await withCommandLock(root, "up", async () => {
    const second = withCommandLock(root, "down", async () => 0);
    await expect(second).rejects.toThrow(`"make up" is under way (process ${process.pid})`);
    await expect(second).rejects.toBeInstanceOf(OperatorError);
  });
});

test("a lock goes with its command, however that ends", async () => {
  await expect(withCommandLock(root, "up", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await withCommandLock(root, "down", async () => 7)).toBe(7);
  expect(existsSync(join(root, ".data/run/lock.json"))).toBe(false);
});

test("a lock whose owner has died is taken over", async () => {
  await withCommandLock(root, "up", async () => 0);
  const dead = { pid: process.pid, identity: "before", command: "up" };
  writeFileSync(join(root, ".data/run/lock.json"), JSON.stringify(dead));
  expect(await withCommandLock(root, "down", async () => 1)).toBe(1);
});
