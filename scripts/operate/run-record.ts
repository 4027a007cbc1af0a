import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode, type KnownProcess, stillAlive } from "@sms-gateway/embedded-postgres";
import type { StartedWith } from "./change-record.ts";
import { DATA_FOLDER, openDataFolder } from "./data-folders.ts";
import { PROGRAM_NAMES, type ProgramName } from "./local-programs.ts";
import type { WantedPort } from "./port-owner.ts";

/** A process that `make up` has started and left running. */
export interface RunRecord extends KnownProcess {
  readonly name: ProgramName;
  /** ISO time. */
  readonly startedAt: string;
  /** Where it listens and answers; the settings may name other ports by now. */
  readonly ports: readonly WantedPort[];
  readonly readyUrls: readonly string[];
  readonly with: StartedWith;
}

/** Keeps a record, bound to this checkout: in a copy of it, it is none. Its folder and file are for the owner alone. */
export function writeRunRecord(root: string, record: RunRecord): void {
  openDataFolder(root, "run");
  const file = recordFile(root, record.name);
  // A reader sees the old record or the new one, never half of one.
  writeFileSync(`${file}.new`, `${JSON.stringify({ ...record, folder: identifyFolder(root) }, null, 2)}\n`, {
    mode: 0o600,
  });
  renameSync(`${file}.new`, file);
}

export function removeRunRecord(root: string, name: ProgramName): void {
  rmSync(recordFile(root, name), { force: true });
}

/** The processes of `make up` that live, in the order in which they are started. A pid that somebody else has got since is none. */
export async function listLiving(root: string): Promise<RunRecord[]> {
  const records = PROGRAM_NAMES.flatMap((name) => readRunRecord(root, name) ?? []);
  const pids = (await stillAlive(records)).map((entry) => entry.pid);
  return records.filter((record) => pids.includes(record.pid));
}

/** What was written last about that program; a file that is no record, or came from another folder, counts as none. */
export function readRunRecord(root: string, name: ProgramName): RunRecord | undefined {
  try {
    const { folder, ...record } = (JSON.parse(readFileSync(recordFile(root, name), "utf8")) ?? {}) as StoredRecord;
    const isWhole =
      folder === identifyFolder(root) &&
      typeof record.pid === "number" &&
      typeof record.identity === "string" &&
      Array.isArray(record.ports) &&
      Array.isArray(record.readyUrls) &&
      record.with?.settings !== undefined;
    return isWhole && record.name === name ? (record as RunRecord) : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

type StoredRecord = Partial<RunRecord> & { readonly folder?: string };

/** What tells a folder from all others of this machine under whatever path: renamed it stays the same, a copy is another. */
function identifyFolder(root: string): string {
  const { dev, ino } = statSync(root, { bigint: true });
  return `${dev.toString(16)}-${ino.toString(16)}`;
}

function recordFile(root: string, name: ProgramName): string {
  return join(root, DATA_FOLDER, "run", `${name}.json`);
}
