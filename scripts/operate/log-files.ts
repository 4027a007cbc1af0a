import { closeSync, openSync, renameSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "@sms-gateway/embedded-postgres";
import { DATA_FOLDER, openDataFolder } from "./data-folders.ts";
import { readLastLines } from "./follow-file.ts";
import type { ProgramName } from "./local-programs.ts";
import { formatLogLine } from "./log-line.ts";

/**
 * The two files of a program, below the checkout. It writes its log itself (setting `LOG_FILE`), keeps it small and
 * lives on when the disk is full; what it prints beside it (why it cannot start, a crash) goes to the other one, which
 * each start begins anew.
 */
export function logFilesOf(name: ProgramName): { readonly log: string; readonly output: string } {
  return { log: join(DATA_FOLDER, "log", `${name}.log`), output: join(DATA_FOLDER, "log", `${name}.out`) };
}

/** Begins a new file for what a program prints, keeps the one before as `.out.1`, and gives it to `use` to write to. */
export function withOutputFile<T>(root: string, name: ProgramName, use: (fd: number) => T): T {
  openDataFolder(root, "log");
  const file = join(root, logFilesOf(name).output);
  try {
    renameSync(file, `${file}.1`);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  const fd = openSync(file, "a", 0o600);
  try {
    return use(fd);
  } finally {
    // The program has its own by now.
    closeSync(fd);
  }
}

const STACK_LINE = /^\s+at .+(:\d+:\d+|<anonymous>|native)\)?$/;

/** The last lines that a program has printed and logged since that time (ISO), for people: stacks stay in the files. */
export function tailSince(root: string, { name, startedAt }: { name: ProgramName; startedAt: string }): string[] {
  const LINES_MAX = 12;
  const { log, output } = logFilesOf(name);
  const printed = readLastLines(join(root, output), LINES_MAX);
  const logged = readLastLines(join(root, log), LINES_MAX).filter((line) => !isOlder(line, startedAt));
  return [...logged, ...printed]
    .filter((line) => !STACK_LINE.test(line))
    .flatMap((line) => formatLogLine(line, undefined, { stacks: false }) ?? []);
}

function isOlder(line: string, startedAt: string): boolean {
  const time = /"time":"([^"]+)"/.exec(line)?.[1];
  return time !== undefined && time < startedAt;
}
