import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { END_OF_ROWS, type ExportHeader, parseHeader } from "./export-header.ts";
import { TransferError } from "./transfer-error.ts";

/** Reads an exported file from its beginning to its end, once: the header, each table's rows, the end. */
export interface ExportReader {
  readHeader(): Promise<ExportHeader>;
  /** The rows of the next table, as bytes of COPY's text format. To be read to the end. */
  readRows(): AsyncGenerator<Buffer>;
  /** Rejects when anything follows. Only after this is the file known to be whole. */
  readEnd(): Promise<void>;
}

/** Far above the header of any installation: a foreign file must not be read into memory. */
const HEADER_BYTES_MAX = 4 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const END = Buffer.from(END_OF_ROWS);
const END_AFTER_ROW = Buffer.from(`\n${END_OF_ROWS}`);

/**
 * Opens an exported file. Every call rejects with a `TransferError` when the file is cut off, damaged or no export, and
 * with the stream's own error when it cannot be read.
 */
export function readExport(source: Readable): ExportReader {
  const chunks = unzip(source);
  /** Unzipped and not handed out yet. */
  let held: Buffer = Buffer.alloc(0);

  /** Takes one more chunk to what is held; `false` at the end of the file. */
  async function holdMore(): Promise<boolean> {
    const { done, value } = await chunks.next();
    if (done === true) return false;
    held = held.length === 0 ? value : Buffer.concat([held, value]);
    return true;
  }

  function take(bytes: number): Buffer {
    const taken = held.subarray(0, bytes);
    held = held.subarray(bytes);
    return taken;
  }

  return {
    async readHeader() {
      let end = held.indexOf(NEWLINE);
      while (end === -1) {
        if (held.length > HEADER_BYTES_MAX || !(await holdMore())) {
          throw new TransferError("the file is no export of an installation: it has no header");
        }
        end = held.indexOf(NEWLINE);
      }
      return parseHeader(take(end + 1).toString("utf8"));
    },

    async *readRows() {
      while (held.length < END.length) await holdRows();
      if (held.subarray(0, END.length).equals(END)) {
        take(END.length);
        return;
      }
      let end = held.indexOf(END_AFTER_ROW);
      while (end === -1) {
        // The end may be cut by the border of a chunk.
        const rows = take(Math.max(0, held.length - (END_AFTER_ROW.length - 1)));
        if (rows.length > 0) yield rows;
        await holdRows();
        end = held.indexOf(END_AFTER_ROW);
      }
      yield take(end + 1);
      take(END.length);
    },

    async readEnd() {
      if (held.length > 0 || (await holdMore())) throw new TransferError("the file goes on after its last table");
    },
  };

  async function holdRows(): Promise<void> {
    if (!(await holdMore())) throw new TransferError("the file ends before its last table: it was cut off");
  }
}

async function* unzip(source: Readable): AsyncGenerator<Buffer, void> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  pipeline(source, gunzip, (error) => {
    // Also a source that was closed early, after which nothing more would come.
    if (error) gunzip.destroy(error);
  });
  try {
    yield* gunzip;
  } catch (error) {
    throw explainUnzipping(error);
  }
}

function explainUnzipping(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "Z_BUF_ERROR") return new TransferError("the file ends too early: it was cut off", { cause: error });
  if (typeof code === "string" && code.startsWith("Z_")) {
    return new TransferError("the file is no export of an installation, or it is damaged", { cause: error });
  }
  return error;
}
