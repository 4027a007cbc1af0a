import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { TransferError } from "./transfer-error.ts";

/*
 * An exported installation is one gzip stream:
 *
 *   the header, one line of JSON;
 *   for each table of the header, in its order: its rows in Postgres' COPY text format, then the line `\.`
 *
 * Tables come after those that they refer to. That format is the same in all versions of Postgres, and no row of it can
 * be the line `\.` (https://www.postgresql.org/docs/15/sql-copy.html). Gzip's own checksum tells a damaged file.
 */

/** Raised when an older version of this package could not read the file. */
const FORMAT_VERSION = 1;
/** The line after a table's last row. */
export const END_OF_ROWS = "\\.\n";
/** Of a partition by range over one column, as `pg_get_expr` writes it; nothing else may become part of a statement. */
const PARTITION_BOUNDS = "^FOR VALUES FROM \\('[^'\\\\]*'\\) TO \\('[^'\\\\]*'\\)$";

const TransferTable = Type.Object({
  name: Type.String(),
  columns: Type.Array(Type.String()),
  rows: Type.Integer({ minimum: 0 }),
  /** Those with bounds; every installation has default partitions. */
  partitions: Type.Array(Type.Object({ name: Type.String(), bounds: Type.String({ pattern: PARTITION_BOUNDS }) })),
});

const ExportHeader = Type.Object({
  format: Type.Literal("sms-gateway-export"),
  version: Type.Literal(FORMAT_VERSION),
  exported_at: Type.String(),
  migrations: Type.Array(Type.Object({ name: Type.String(), checksum: Type.String() })),
  tables: Type.Array(TransferTable),
  sequences: Type.Array(Type.Object({ name: Type.String(), last_value: Type.String({ pattern: "^-?[0-9]+$" }) })),
});
/** What a file holds, and what the database must be like that takes it. */
export type ExportHeader = Static<typeof ExportHeader>;

const compiled = Compile(ExportHeader);
const AnyVersion = Compile(Type.Object({ format: Type.Literal("sms-gateway-export"), version: Type.Integer() }));

/**
 * The header of an export that begins now, as the file's first line.
 * @throws TransferError for what no import would take, such as partitions of a kind that it cannot make.
 */
export function writeHeader(facts: Pick<ExportHeader, "migrations" | "tables" | "sequences">): string {
  const header = { format: "sms-gateway-export", version: FORMAT_VERSION, exported_at: new Date().toISOString() };
  const line = JSON.stringify({ ...header, ...facts });
  parseHeader(line);
  return `${line}\n`;
}

/** @throws TransferError for what is no header, or that of another version of the format. */
export function parseHeader(line: string): ExportHeader {
  const value = parseJson(line);
  if (compiled.Check(value)) return value;
  if (AnyVersion.Check(value) && value.version !== FORMAT_VERSION) {
    throw new TransferError(
      `the file has format version ${value.version}, and this program reads version ${FORMAT_VERSION}`,
    );
  }
  const [first] = compiled.Errors(value);
  throw new TransferError(
    `the file is no export of an installation: ${first?.instancePath ?? ""} ${first?.message ?? "is wrong"}`,
  );
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new TransferError("the file is no export of an installation: its first line is no JSON", { cause: error });
  }
}
