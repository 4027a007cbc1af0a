import { cpSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identifySelf } from "@sms-gateway/embedded-postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listLiving, type RunRecord, readRunRecord, removeRunRecord, writeRunRecord } from "./run-record.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "run-record-"));
});
afterEach(() => rmSync(root, { recursive: true }));

async function recordOfThisProcess(): Promise<RunRecord> {
  return {
    name: "standalone",
    ...(await identifySelf()),
    startedAt: "2026-01-01T00:00:00.000Z",
    ports: [{ setting: "GATEWAY_PORT", host: "0.0.0.0", port: 8001 }],
    readyUrls: ["http://127.0.0.1:8001/readyz"],
    with: { sources: "a", settings: {} },
  };
}

describe("a run record", () => {
  test("comes back as it was written, readable by its owner alone", async () => {
    const record = await recordOfThisProcess();
    writeRunRecord(root, record);
    expect(readRunRecord(root, "standalone")).toEqual(record);
    expect(await listLiving(root)).toEqual([record]);
    expect(statSync(join(root, ".data/run/standalone.json")).mode & 0o077).toBe(0);
  });

  test("of a pid that was given to another process since is no living one", async () => {
    writeRunRecord(root, { ...(await recordOfThisProcess()), identity: "before" });
    expect(await listLiving(root)).toEqual([]);
  });

  test("stays with its folder: a renamed one has it, a copy has not", async () => {
    const record = await recordOfThisProcess();
    writeRunRecord(root, record);
    const [copy, renamed] = [join(root, "copy"), `${root}-renamed`];
    cpSync(join(root, ".data"), join(copy, ".data"), { recursive: true });
    expect(await listLiving(copy)).toEqual([]);
    renameSync(root, renamed);
    root = renamed;
    expect(await listLiving(root)).toEqual([record]);
  });

  test("is none when it was removed, never written, or is no record", async () => {
    expect(readRunRecord(root, "standalone")).toBeUndefined();
    writeRunRecord(root, await recordOfThisProcess());
    writeFileSync(join(root, ".data/run/standalone.json"), "{");
    expect(readRunRecord(root, "standalone")).toBeUndefined();
    writeFileSync(join(root, ".data/run/standalone.json"), "null");
    expect(readRunRecord(root, "standalone")).toBeUndefined();
    removeRunRecord(root, "standalone");
    expect(await listLiving(root)).toEqual([]);
  });
});
