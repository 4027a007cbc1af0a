import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { explainForeignOwner } from "./foreign-owner.ts";

let root: string;
let owner: number;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "foreign-owner-"));
  owner = statSync(root).uid;
});
afterEach(() => rmSync(root, { recursive: true }));

test("a checkout in which nothing was run is anybody's", () => {
  expect(explainForeignOwner(root, owner + 1)).toBeUndefined();
});

test("data of another user is told in one line, with the way out", () => {
  mkdirSync(join(root, ".data"));
  const who = owner === 0 ? "root" : `the user with id ${owner}`;
  expect(explainForeignOwner(root, owner + 1)).toBe(
    `.data belongs to ${who}: run this as ${who}; or, while nothing runs, as root: chown -R ${owner + 1} .data`,
  );
  writeFileSync(join(root, ".env"), "");
  expect(explainForeignOwner(root, owner + 1)).toContain(".data and .env belong to ");
});

test("the owner, root, and a system without users may run it", () => {
  mkdirSync(join(root, ".data"));
  expect([owner, 0, undefined].map((uid) => explainForeignOwner(root, uid))).toEqual([undefined, undefined, undefined]);
});
