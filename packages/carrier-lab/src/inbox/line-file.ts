import { createReadStream } from "node:fs";
import { constants, type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { FastifyBaseLogger } from "fastify";

/**
 * A file of lines that only grows, written in the background.
 *
 * A line is pending (in memory) until the next write, at most `FLUSH_EVERY_MS` later, then written. A killed process
 * loses what was pending and may leave half a line at the end, which the next start cuts off. A write that fails (disk
 * full) is tried again at the same place, so it never leaves half a line in the middle.
 */
export interface LineFile {
  append(line: string): void;
  /** Calls `onEachLine` for every line ever appended, oldest first, pending ones included. */
  readAll(onEachLine: (line: string) => void): Promise<void>;
  close(): Promise<void>;
}

const FLUSH_EVERY_MS = 50;

/** Pause after a write that failed. */
const RETRY_AFTER_MS = 1000;

/** Lines kept while the disk refuses them; those beyond are lost, and the log says so. */
const PENDING_LINES_MAX = 100_000;

export interface LineFileOptions {
  path: string;
  logger: FastifyBaseLogger;
  /** Called for every line that is already there, oldest first. */
  onLine: (line: string) => void;
}

/**
 * Opens or makes the file, folder included.
 * @throws what the file system says, when the file cannot be opened or read
 */
export async function openLineFile({ path, logger, onLine }: LineFileOptions): Promise<LineFile> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT);
  let sizeBytes = await readLines(path, (await handle.stat()).size, onLine);
  await handle.truncate(sizeBytes);

  let pending: string[] = [];
  let lostLines = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<unknown> = Promise.resolve();

  async function writePending(): Promise<void> {
    const batch = pending;
    if (batch.length === 0) return;
    const bytes = Buffer.from(`${batch.join("\n")}\n`);
    pending = [];
    try {
      await writeAt(handle, bytes, sizeBytes);
      sizeBytes += bytes.length;
    } catch (error) {
      pending = batch.concat(pending);
      throw error;
    }
  }

  function flush(): Promise<void> {
    const flushed = writing.then(writePending);
    // The caller learns of a failure; the next write must still have its turn.
    writing = Promise.allSettled([flushed]);
    return flushed;
  }

  function flushLater(delayMs: number): void {
    timer ??= setTimeout(() => {
      timer = null;
      flush().catch((error: unknown) => {
        logger.error({
          event: "lab.inbox_write_failed",
          err: error,
          pending_lines: pending.length,
          lost_lines: lostLines,
        });
        flushLater(RETRY_AFTER_MS);
      });
    }, delayMs);
  }

  return {
    append(line) {
      if (pending.length >= PENDING_LINES_MAX) {
        lostLines += 1;
        return;
      }
      pending.push(line);
      flushLater(FLUSH_EVERY_MS);
    },
    async readAll(onEachLine) {
      await flush();
      await readLines(path, sizeBytes, onEachLine);
    },
    async close() {
      if (timer !== null) clearTimeout(timer);
      await flush().finally(() => handle.close());
    },
  };
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    if (bytesWritten === 0) throw new Error("the file system took no byte of the inbox");
    written += bytesWritten;
  }
}

/** Reads the complete lines among the first `endBytes` bytes; returns the length of those lines in bytes. */
async function readLines(path: string, endBytes: number, onLine: (line: string) => void): Promise<number> {
  if (endBytes === 0) return 0;
  let completeBytes = 0;
  let rest: Buffer = Buffer.alloc(0);
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { end: endBytes - 1, highWaterMark: 1024 * 1024 });
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lastBreak = bytes.lastIndexOf("\n");
    rest = bytes.subarray(lastBreak + 1);
    if (lastBreak < 0) continue;
    for (const line of bytes.toString("utf8", 0, lastBreak).split("\n")) onLine(line);
    completeBytes += lastBreak + 1;
  }
  return completeBytes;
}
