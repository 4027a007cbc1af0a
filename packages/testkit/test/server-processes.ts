import { expect } from "vitest";
import { type ProcessEntry, stillAlive } from "../src/servers/process-table.ts";
import { readRecord } from "../src/servers/server-record.ts";

/** The living processes of the server on that data folder, children included. */
export async function processesOf(dataDir: string): Promise<ProcessEntry[]> {
  const record = await readRecord(dataDir);
  return stillAlive(record?.processes ?? []);
}

/** That none of these is left: asked once, because an end is promised when `stop` or `kill` returns. */
export async function expectNothingLeft(processes: readonly ProcessEntry[]): Promise<void> {
  expect(processes).not.toEqual([]);
  expect(await stillAlive(processes)).toEqual([]);
}
