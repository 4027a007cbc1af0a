import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listChanges, listDropped, recordChangeable } from "./change-record.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "change-record-"));
  write("services/gateway/src/app.ts", "export const one = 1;");
  write(".env.example", "# The port.\n#GATEWAY_PORT=8001\n");
  write(".env", "ID_SECRET=abc\n");
});
afterEach(() => rmSync(root, { recursive: true }));

const ENVIRONMENT = { ID_SECRET: "abc", PATH: "/bin" };

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function changesTo(environment: Record<string, string>, change?: () => void): string[] {
  const before = recordChangeable(root, ENVIRONMENT);
  change?.();
  return listChanges(before, recordChangeable(root, environment));
}

test("nothing has changed while settings and sources are the same", () => {
  expect(changesTo({ ...ENVIRONMENT, PATH: "/usr/bin" })).toEqual([]);
});

test("settings are named, whether added, changed or removed", () => {
  expect(changesTo({ ID_SECRET: "abc", GATEWAY_PORT: "8002" })).toEqual(["GATEWAY_PORT"]);
  expect(changesTo({ ID_SECRET: "other" })).toEqual(["ID_SECRET"]);
  expect(changesTo({})).toEqual(["ID_SECRET"]);
});

test("settings that are not set any more are told apart", () => {
  const [before, now] = [{ ID_SECRET: "abc", GATEWAY_PORT: "8101" }, ENVIRONMENT].map((environment) =>
    recordChangeable(root, environment),
  );
  expect(before && now && [listDropped(before, now), listDropped(now, before)]).toEqual([["GATEWAY_PORT"], []]);
});

test("code and migrations are told, tests are not", () => {
  expect(changesTo(ENVIRONMENT, () => write("services/gateway/src/app.test.ts", "1"))).toEqual([]);
  expect(changesTo(ENVIRONMENT, () => write("services/gateway/src/app.ts", "export const one = 2;"))).toEqual([
    "the code",
  ]);
  expect(changesTo(ENVIRONMENT, () => write("packages/db/prisma/migrations/1_a/migration.sql", "select 1"))).toEqual([
    "the code",
  ]);
});

test("a record holds no value of a setting", () => {
  expect(JSON.stringify(recordChangeable(root, { ID_SECRET: "very-secret" }))).not.toContain("very-secret");
});
