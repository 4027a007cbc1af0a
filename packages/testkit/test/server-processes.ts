import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type KnownProcess, stillAlive } from "@sms-gateway/embedded-postgres";
import { expect } from "vitest";
import { waitFor } from "../src/index.ts";
import { readRecord } from "../src/servers/server-record.ts";

const run = promisify(execFile);

/** What runs for the server of a data folder: its processes, children included, or its container. */
export type RunningParts = { readonly processes: readonly KnownProcess[]; readonly container: string | undefined };

export async function runningPartsOf(dataDir: string): Promise<RunningParts> {
  const record = await readRecord(dataDir);
  const parts = { processes: record?.processes ?? [], container: record?.container };
  expect(await countLiving(parts)).toBeGreaterThan(0);
  return parts;
}

/** That none of it is left: asked once, because an end is promised when `stop` or `kill` returns. */
export async function expectNothingLeft(parts: RunningParts): Promise<void> {
  expect(await countLiving(parts)).toBe(0);
}

/** Waits until the process that started the server has ended. */
export async function untilOwnerGone(dataDir: string): Promise<void> {
  const owner = (await readRecord(dataDir))?.owner;
  await waitFor(async () => owner !== undefined && (await stillAlive([owner])).length === 0, {
    what: `the process that started ${dataDir} to end`,
  });
}

async function countLiving({ processes, container }: RunningParts): Promise<number> {
  const alive = (await stillAlive(processes)).length;
  if (container === undefined) return alive;
  const { stdout } = await run("docker", ["ps", "--quiet", "--filter", `name=${container}`], { timeout: 10_000 });
  return alive + stdout.split("\n").filter((line) => line !== "").length;
}
