import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import pg from "pg";
import type { Database } from "../connections.ts";
import { END_OF_ROWS, type ExportHeader, writeHeader } from "./export-header.ts";
import { listMigrations } from "./list-migrations.ts";
import { listTables, type StoredTable } from "./list-tables.ts";
import { inTransfer, type TransferConnection } from "./transfer-connection.ts";

/** What was carried over, in order. */
export type TransferredTable = Pick<ExportHeader["tables"][number], "name" | "rows">;

/** Fast: a level more saves a tenth of the file and costs half the time. */
const GZIP_LEVEL = 1;

/**
 * Writes the whole installation to `destination` and ends it: every table as of one moment, while others go on writing.
 * A destination that is slow slows it down; memory stays small. The file holds texts, numbers and hashes of keys in
 * the clear.
 *
 * @throws DatabaseUnavailableError when the database is away; TransferError when there is nothing to export; the
 *   destination's own error when it cannot be written. What was written until then is of no use.
 */
export async function exportData(db: Database, destination: Writable): Promise<TransferredTable[]> {
  const zipped = createGzip({ level: GZIP_LEVEL });
  // From the beginning, for a destination may fail before the database has answered.
  const writing = pipeline(zipped, destination);
  const reading = inTransfer(db, "begin isolation level repeatable read read only", async (connection) => {
    const tables = await countRows(connection, await listTables(connection));
    const header = writeHeader({
      migrations: await listMigrations(connection),
      tables,
      sequences: await listSequences(connection),
    });
    await pipeline(Readable.from(writeTables(connection, header, tables), { objectMode: false }), zipped);
    return tables.map(({ name, rows }) => ({ name, rows }));
  }).catch((error: unknown) => {
    zipped.destroy(error instanceof Error ? error : undefined);
    throw error;
  });
  const [written, read] = await Promise.allSettled([writing, reading]);
  // When both have failed, the destination was first, or has the error of the database.
  if (written.status === "rejected") throw written.reason;
  if (read.status === "rejected") throw read.reason;
  return read.value;
}

async function countRows(
  connection: TransferConnection,
  tables: readonly StoredTable[],
): Promise<ExportHeader["tables"]> {
  const counted: ExportHeader["tables"] = [];
  for (const { name, columns, partitions } of tables) {
    const [row] = await connection.ask<{ rows: string }>(`select count(*) as rows from ${pg.escapeIdentifier(name)}`);
    const bounded = partitions.filter(({ bounds }) => bounds !== "DEFAULT");
    counted.push({ name, columns: [...columns], rows: Number(row?.rows), partitions: bounded });
  }
  return counted;
}

/** Read after the transaction has begun, a sequence is never behind the rows that the transaction sees. */
async function listSequences(connection: TransferConnection): Promise<ExportHeader["sequences"]> {
  return await connection.ask<{ name: string; last_value: string }>(
    `select sequencename::text as name, last_value::text from pg_sequences
     where schemaname = current_schema() and last_value is not null order by sequencename`,
  );
}

async function* writeTables(
  connection: TransferConnection,
  header: string,
  tables: ExportHeader["tables"],
): AsyncGenerator<Buffer | string> {
  yield header;
  for (const { name, columns } of tables) {
    const list = columns.map((column) => pg.escapeIdentifier(column)).join(", ");
    // As a query, for a table with partitions can be copied in no other way.
    yield* connection.copyOut(`copy (select ${list} from ${pg.escapeIdentifier(name)}) to stdout`);
    yield END_OF_ROWS;
  }
}
