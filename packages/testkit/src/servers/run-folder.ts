import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode, identifySelf, stillAlive } from "@sms-gateway/embedded-postgres";
import { RECORD_FILE, readRecord, removeServer, writeRecord } from "./server-record.ts";
import { unmountBelow } from "./small-disk.ts";

/** A folder for the data of all servers of one run. */
export type RunFolder = {
  readonly path: string;
  /** Ends every server whose data folder is in here, whoever started it, and removes the folder. */
  remove(): Promise<void>;
};

/**
 * Opens a folder for this process's run, after removing those under the same root whose process has died without
 * doing so, and ending the servers it left running.
 */
export async function openRunFolder(root: string): Promise<RunFolder> {
  await removeAbandonedRuns(root);
  const path = join(root, `run-${process.pid}-${randomBytes(4).toString("hex")}`);
  await writeRecord(path, { owner: await identifySelf(), processes: [] });
  return { path, remove: () => removeRun(path) };
}

async function removeAbandonedRuns(root: string): Promise<void> {
  for (const name of await listFolders(root)) {
    if (!name.startsWith("run-")) continue;
    const record = await readRecord(join(root, name));
    if (record === undefined || (await stillAlive([record.owner])).length > 0) continue;
    await removeRun(join(root, name));
  }
}

async function removeRun(path: string): Promise<void> {
  const records = await readdir(path, { recursive: true }).catch((error: unknown) => {
    // Removed by another run that started at the same time.
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  for (const record of records.filter((name) => name !== RECORD_FILE && name.endsWith(`/${RECORD_FILE}`))) {
    await removeServer(join(path, dirname(record)));
  }
  await unmountBelow(path);
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}

async function listFolders(root: string): Promise<string[]> {
  try {
    return await readdir(root);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
