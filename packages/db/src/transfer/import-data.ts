import type { Readable } from "node:stream";
import pg from "pg";
import { ADVISORY_LOCKS } from "../advisory-locks.ts";
import type { Database } from "../connections.ts";
import { AlreadyExistsError, sqlStateOf } from "../database-errors.ts";
import { PROBLEM_MAX } from "../dead-letters/problem-max.ts";
import { RAISE_VERSION } from "../directory/directory-version.ts";
import { MOVE_DEAD_LETTERS } from "../sql/move-dead-letters.ts";
import type { TransferredTable } from "./export-data.ts";
import type { ExportHeader } from "./export-header.ts";
import { listMigrations } from "./list-migrations.ts";
import { listTables, type StoredTable } from "./list-tables.ts";
import { type ExportReader, readExport } from "./read-export.ts";
import { SEEDED_ROWS } from "./seeded-rows.ts";
import { inTransfer, type TransferConnection } from "./transfer-connection.ts";
import { TransferError } from "./transfer-error.ts";

/** A running worker gives way to the locks within its longest statement, 10 s. */
const LOCK_TIMEOUT_MS = 15_000;

/** Who goes on with what is imported. */
export interface ImportOptions {
  /**
   * Whether this installation has its queue in the database. Where it has not, nobody would ever take the groups of a
   * file's queue, whose messages were promised to clients; such a file is refused. Dead letters of the queue, which nobody
   * would take either, go where operators find them.
   */
  readonly consumesQueue: boolean;
}

/** The table of `createDbQueue`. */
const QUEUE_TABLE = "queue_groups";

/**
 * Replaces what seeding makes by a whole exported installation, in one transaction: all of it, or nothing. The database
 * has the same migrations and is empty otherwise. The directory's version rises above what was exported and above what
 * was there, so that running workers and gateways take the imported one.
 *
 * @throws TransferError when the file is cut off, damaged or foreign, or the database is not one that can take it;
 *   DatabaseUnavailableError when the database is away; the stream's own error when it cannot be read.
 */
export async function importData(
  db: Database,
  source: Readable,
  { consumesQueue }: ImportOptions,
): Promise<TransferredTable[]> {
  const reader = readExport(source);
  try {
    const header = await reader.readHeader();
    if (!consumesQueue) expectEmptyQueue(header);
    return await inTransfer(db, "begin", async (connection) => {
      await connection.ask(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
      // A worker that starts or makes partitions meanwhile waits.
      await connection.ask("select pg_advisory_xact_lock($1)", [ADVISORY_LOCKS.MIGRATION]);
      await compareMigrations(connection, header.migrations);
      const present = await listTables(connection);
      compareTables(present, header.tables);
      const version = await emptyTables(connection, present);
      await makePartitions(connection, present, header.tables);
      for (const table of header.tables) await fillTable(connection, table, reader);
      await reader.readEnd();
      for (const { name, last_value } of header.sequences) {
        await connection.ask("select setval(format('%I', $1::text)::regclass, $2::bigint)", [name, last_value]);
      }
      // After the sequences: they get positions of their own.
      if (!consumesQueue) await connection.ask(MOVE_DEAD_LETTERS, [PROBLEM_MAX]);
      await connection.ask(RAISE_VERSION, [version]);
      return header.tables.map(({ name, rows }) => ({ name, rows }));
    });
  } finally {
    source.destroy();
  }
}

function expectEmptyQueue({ tables }: ExportHeader): void {
  const waiting = tables.find(({ name }) => name === QUEUE_TABLE)?.rows ?? 0;
  if (waiting === 0) return;
  throw new TransferError(
    `the file holds ${waiting} groups of messages that were accepted and not yet recorded, which only the standalone shape goes on with: import it there, wait until nothing is queued, and export again`,
  );
}

async function compareMigrations(connection: TransferConnection, exported: ExportHeader["migrations"]): Promise<void> {
  const applied = new Map((await listMigrations(connection)).map(({ name, checksum }) => [name, checksum]));
  const known = new Set(exported.map(({ name }) => name));
  for (const { name, checksum } of exported) {
    const present = applied.get(name);
    if (present === undefined) {
      throw new TransferError(
        `the file comes from a newer version, with migration ${name}: start a worker of that version on this database once`,
      );
    }
    if (present !== checksum)
      throw new TransferError(`migration ${name} of the file is another one than that applied here`);
  }
  const newer = [...applied.keys()].find((name) => !known.has(name));
  if (newer === undefined) return;
  throw new TransferError(
    `the file comes from an older version, without migration ${newer}: import it with that version, then update`,
  );
}

/** The same migrations make the same tables, so that a difference was made by hand; and names become part of statements. */
function compareTables(present: readonly StoredTable[], exported: ExportHeader["tables"]): void {
  const describe = (tables: readonly Pick<StoredTable, "name" | "columns">[]) =>
    new Map(tables.map(({ name, columns }) => [name, columns.toSorted().join(", ")]));
  const here = describe(present);
  const there = describe(exported);
  for (const name of new Set([...here.keys(), ...there.keys()])) {
    if (!there.has(name)) throw new TransferError(`table ${name} is not in the file`);
    if (!here.has(name)) throw new TransferError(`table ${name} of the file is not in this database`);
    if (here.get(name) !== there.get(name)) throw new TransferError(`table ${name} has other columns in the file`);
  }
}

/**
 * Removes what seeding has made, and keeps everybody else from writing until the end of the transaction. Answers the
 * directory's version until then.
 * @throws TransferError when there is more.
 */
async function emptyTables(connection: TransferConnection, tables: readonly StoredTable[]): Promise<number> {
  const names = tables.map(({ name }) => ({ name, sql: pg.escapeIdentifier(name) }));
  await connection.ask(`lock table ${names.map(({ sql }) => sql).join(", ")} in share row exclusive mode`);
  for (const { name, sql } of names) {
    const seeded = SEEDED_ROWS.get(name) ?? "false";
    const [found] = await connection.ask(`select 1 from ${sql} where (${seeded}) is not true limit 1`);
    if (found === undefined) continue;
    throw new TransferError(`the database is in use, table ${name} holds rows: import into a new installation`);
  }
  const [row] = await connection.ask<{ version: string }>("select version from directory_version");
  for (const { sql } of names.toReversed()) await connection.ask(`delete from ${sql}`);
  return Number(row?.version ?? 0);
}

/** Rows of months for which there is no partition would end in the default one, where they stay for good. */
async function makePartitions(
  connection: TransferConnection,
  present: readonly StoredTable[],
  exported: ExportHeader["tables"],
): Promise<void> {
  const known = new Set(present.flatMap(({ partitions }) => partitions.map(({ name }) => name)));
  for (const table of exported) {
    for (const { name, bounds } of table.partitions.filter((partition) => !known.has(partition.name))) {
      await connection.ask(
        `create table ${pg.escapeIdentifier(name)} partition of ${pg.escapeIdentifier(table.name)} ${bounds}`,
      );
    }
  }
}

async function fillTable(
  connection: TransferConnection,
  { name, columns, rows }: ExportHeader["tables"][number],
  reader: ExportReader,
): Promise<void> {
  const list = columns.map((column) => pg.escapeIdentifier(column)).join(", ");
  const stored = await connection
    .copyIn(`copy ${pg.escapeIdentifier(name)} (${list}) from stdin`, reader.readRows())
    .catch((error: unknown) => {
      throw explainRefusal(name, error);
    });
  if (stored !== rows) throw new TransferError(`the file holds ${stored} rows of ${name}, and its header says ${rows}`);
}

/** Class 22 or 23: what a row holds. Another program has written the file, or somebody has edited it. */
function explainRefusal(table: string, error: unknown): unknown {
  const cause = error instanceof AlreadyExistsError ? error.cause : error;
  if (!/^2[23]/.test(sqlStateOf(cause) ?? "") || !(cause instanceof Error)) return error;
  return new TransferError(`the file's rows of ${table} cannot be stored: ${cause.message}`, { cause });
}
