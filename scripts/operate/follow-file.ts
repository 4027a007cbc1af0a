import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { hasCode } from "@sms-gateway/embedded-postgres";

/** What one call reads, and how far before its end a file is begun: more than a screen of lines. */
const READ_BYTES_MAX = 1024 * 1024;
const NEWLINE = 0x0a;

/** Reads the lines that are appended to a file, also when it is replaced by a new one or emptied. */
export interface LineReader {
  /** The next complete lines, at first those near the end of the file; none while there is nothing new, or no file. */
  readNew(): string[];
  close(): void;
}

/** The last complete lines of a file, oldest first; none when there is no file. */
export function readLastLines(path: string, countMax: number): string[] {
  const reader = openLineReader(path);
  try {
    return reader.readNew().slice(-countMax);
  } finally {
    reader.close();
  }
}

/** Opens a reader, whether the file is there already or comes later. */
export function openLineReader(path: string): LineReader {
  let file: { fd: number; inode: number; position: number } | undefined;
  let isFirst = true;
  let rest: Buffer = Buffer.alloc(0);

  function openNext(): void {
    rest = Buffer.alloc(0);
    const fd = openIfThere(path);
    if (fd === undefined) return;
    const { size, ino } = fstatSync(fd);
    file = { fd, inode: ino, position: isFirst ? Math.max(0, size - READ_BYTES_MAX) : 0 };
  }

  function close(): void {
    if (file !== undefined) closeSync(file.fd);
    file = undefined;
  }

  return {
    close,
    readNew() {
      if (file === undefined) openNext();
      const wasFirst = isFirst;
      isFirst = false;
      if (file === undefined) return [];
      if (fstatSync(file.fd).size < file.position) file.position = 0;
      const isCut = wasFirst && file.position > 0;
      const chunk = readChunk(file.fd, file.position);
      file.position += chunk.length;
      // Replaced: once the old one is read to its end, the next call opens the new one.
      if (chunk.length < READ_BYTES_MAX && inodeOf(path) !== file.inode) close();
      const bytes = Buffer.concat([rest, chunk]);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      rest = bytes.subarray(end);
      const lines = end === 0 ? [] : bytes.toString("utf8", 0, end - 1).split("\n");
      return isCut ? lines.slice(1) : lines;
    },
  };
}

function readChunk(fd: number, position: number): Buffer {
  const buffer = Buffer.alloc(READ_BYTES_MAX);
  return buffer.subarray(0, readSync(fd, buffer, 0, READ_BYTES_MAX, position));
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
