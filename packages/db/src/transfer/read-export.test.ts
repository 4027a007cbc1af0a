import { Readable } from "node:stream";
import { constants, gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { writeHeader } from "./export-header.ts";
import { type ExportReader, readExport } from "./read-export.ts";
import { TransferError } from "./transfer-error.ts";

const HEADER = writeHeader({ migrations: [], tables: [], sequences: [] });
/** As Postgres writes them: a backslash of a value is doubled, so that no row is the line which ends a table. */
const ROW = fc.stringMatching(/^[a-zé🚀.\t]{0,6}$/u).map((text) => text.replaceAll(".", "\\\\."));
const TABLES = fc.array(fc.array(ROW, { maxLength: 5 }), { maxLength: 4 });

function writeTables(tables: readonly (readonly string[])[]): string {
  return tables.map((rows) => `${rows.map((row) => `${row}\n`).join("")}\\.\n`).join("");
}

async function readTables(reader: ExportReader, count: number): Promise<string[]> {
  await reader.readHeader();
  const tables: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const chunks: Buffer[] = [];
    for await (const chunk of reader.readRows()) chunks.push(chunk);
    tables.push(Buffer.concat(chunks).toString("utf8"));
  }
  await reader.readEnd();
  return tables;
}

/** Every piece is flushed by itself, so that it is unzipped by itself too. */
function zipInPieces(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
  // A stream of several members is one file to gzip.
  return pieces.map((piece) => gzipSync(piece, { flush: constants.Z_SYNC_FLUSH }));
}

test("reads each table's rows however the file is cut into pieces", async () => {
  await fc.assert(
    fc.asyncProperty(TABLES, fc.integer({ min: 1, max: 40 }), async (tables, size) => {
      const source = Readable.from(zipInPieces(HEADER + writeTables(tables), size));
      const read = await readTables(readExport(source), tables.length);
      expect(read).toEqual(tables.map((rows) => rows.map((row) => `${row}\n`).join("")));
    }),
    { numRuns: 200 },
  );
});

test("rejects a file that is cut off anywhere", async () => {
  const rows = Array.from({ length: 40 }, (_, index) => `row ${index}`);
  const whole = gzipSync(HEADER + writeTables([rows, rows]));
  for (let bytes = 0; bytes < whole.length; bytes += 1) {
    const reading = readTables(readExport(Readable.from([whole.subarray(0, bytes)])), 2);
    await expect(reading, `${bytes} bytes`).rejects.toBeInstanceOf(TransferError);
  }
});

test.each([
  ["that is not zipped", Buffer.from(HEADER), /damaged/],
  ["without a header", gzipSync("a"), /no header/],
  ["that lacks a table", gzipSync(`${HEADER}\\.\n`), /cut off/],
  ["that goes on", gzipSync(`${HEADER}\\.\n\\.\n\\.\n`), /goes on/],
  ["whose checksum is wrong", withWrongChecksum(gzipSync(`${HEADER}\\.\n\\.\n`)), /damaged/],
])("rejects a file %s", async (_what, file, reason) => {
  const reading = readTables(readExport(Readable.from([file])), 2);
  await expect(reading).rejects.toThrow(reason);
  await expect(reading).rejects.toBeInstanceOf(TransferError);
});

test("rejects with the error of a file that cannot be read", async () => {
  const broken = new Error("EIO: i/o error, read");
  const source = new Readable({
    read() {
      this.destroy(broken);
    },
  });
  await expect(readExport(source).readHeader()).rejects.toBe(broken);
});

function withWrongChecksum(file: Buffer): Buffer {
  const changed = Buffer.from(file);
  changed.writeUInt32LE((file.readUInt32LE(file.length - 8) + 1) >>> 0, file.length - 8);
  return changed;
}
