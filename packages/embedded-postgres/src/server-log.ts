import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** Of at most 10 MB each, or of a day. */
const FILES_KEPT = 7;
const TAIL_LINES = 20;
/** File times come from the kernel's coarse clock, which may be this much behind. */
const CLOCK_STEP_MS = 50;

/** Removes all but the newest files of a server's log; their names sort by time. */
export async function pruneLogs(folder: string): Promise<void> {
  const names = await listLogs(folder);
  for (const name of names.slice(0, -FILES_KEPT)) await rm(join(folder, name), { force: true });
}

/**
 * The last lines of a start: of the file where it began, and of the newest in the folder, if that is of this start.
 * @param sinceMs when it began, in ms since 1970
 */
export async function readLogTail(startLog: string, folder: string, sinceMs: number): Promise<string> {
  const newest = (await listLogs(folder)).slice(-1).map((name) => readSince(join(folder, name), sinceMs));
  const texts = await Promise.all([readFile(startLog, "utf8"), ...newest]);
  const lines = texts.flatMap((text) => text.split("\n")).filter((line) => line !== "");
  return lines.length === 0 ? "(empty)" : lines.slice(-TAIL_LINES).join("\n");
}

async function readSince(path: string, sinceMs: number): Promise<string> {
  return (await stat(path)).mtimeMs < sinceMs - CLOCK_STEP_MS ? "" : await readFile(path, "utf8");
}

async function listLogs(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(".log")).sort();
}
