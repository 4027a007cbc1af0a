/*
 * A log file that a process writes itself, for a machine without a log collector.
 *
 * open:  lines are appended; one that would pass `bytesMax` first makes the file `<path>.1`, the one before `.2` …
 * lost:  a line could not be written (the disk is full): it is dropped and counted, and so is each one until a write
 *        succeeds, which first tells the count. The trade: a service that goes on without its log, instead of one that
 *        ends because of it.
 */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { DestinationStream } from "pino";
import { Type } from "typebox";

/** The setting that names it, for a service's schema. To be read before all others, whose faults are logged. */
export const logFileSetting = Type.Optional(
  Type.String({
    description:
      "File for log lines in the place of standard output, kept below 100 MB with the older ones beside it; one per process. Without Docker `make up` sets it.",
  }),
);

/** What `openLogFile` needs. */
export interface LogFileOptions {
  readonly path: string;
  /** Size from which on the next line begins a new file. */
  readonly bytesMax?: number;
  /** How many older files stay beside it. */
  readonly olderFiles?: number;
}

/** As Compose keeps them (docker-compose.yml): 100 MB in all. */
const BYTES_MAX = 20_000_000;
const OLDER_FILES = 4;

/**
 * Opens the file for `createLogger`, in the place of standard output. Writes synchronously, so that the last line
 * before a crash is in it. Several loggers of one process share one; two processes need a file each.
 *
 * @throws Error when the file cannot be opened at the start
 */
export function openLogFile({
  path,
  bytesMax = BYTES_MAX,
  olderFiles = OLDER_FILES,
}: LogFileOptions): DestinationStream {
  mkdirSync(dirname(path), { recursive: true });
  let fd = openSync(path, "a", 0o600);
  let bytes = fstatSync(fd).size;
  let lost = 0;
  let isTorn = false;

  function append(text: string): void {
    // What of a line was written before the disk was full is no line; the next one begins below it.
    const buffer = Buffer.from(isTorn ? `\n${text}` : text);
    if (bytes > 0 && bytes + buffer.length > bytesMax) rotate();
    for (let written = 0; written < buffer.length; isTorn = written < buffer.length) {
      const count = writeSync(fd, buffer, written);
      written += count;
      bytes += count;
    }
  }

  function rotate(): void {
    // The new one first: where it cannot be made, nothing has changed.
    const next = openSync(`${path}.new`, "w", 0o600);
    for (let number = olderFiles - 1; number >= 1; number -= 1) {
      renameIfThere(`${path}.${number}`, `${path}.${number + 1}`);
    }
    renameIfThere(path, `${path}.1`);
    renameSync(`${path}.new`, path);
    closeSync(fd);
    fd = next;
    bytes = 0;
  }

  return {
    write(line) {
      try {
        if (lost > 0) append(describeLoss(lost));
        lost = 0;
        append(line);
      } catch (error) {
        if (!(error instanceof Error && "syscall" in error)) throw error;
        lost += 1;
      }
    },
  };
}

function describeLoss(lines: number): string {
  const fields = { level: "error", time: new Date().toISOString(), event: "log.lines_lost", lines };
  return `${JSON.stringify(fields)}\n`;
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
