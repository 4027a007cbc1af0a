import { PrismaClientKnownRequestError, PrismaClientValidationError } from "@prisma/client/runtime/client";
import pg from "pg";

/**
 * The database cannot serve just now: unreachable, starting, stopping, full, read-only, too slow, too busy, or it does
 * not let us in. The same call may succeed later. Whether a call that changes something has been carried out is unknown.
 */
export class DatabaseUnavailableError extends Error {
  /**
   * It is there and refuses us: the login, or the database's name. Passes while a password is changed or a database is
   * restored; whoever starts for the first time with wrong settings need not wait for that.
   */
  readonly isAccessRefused: boolean;

  constructor(message: string, options: { cause?: unknown; isAccessRefused?: boolean } = {}) {
    super(message, options);
    this.name = "DatabaseUnavailableError";
    this.isAccessRefused = options.isAccessRefused ?? false;
  }
}

/** Something with that name, id or hash exists already. */
export class AlreadyExistsError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "AlreadyExistsError";
  }
}

// https://www.postgresql.org/docs/15/errcodes-appendix.html
const UNAVAILABLE_CLASSES: ReadonlySet<string> = new Set([
  "08", // connection exception
  "53", // insufficient resources: disk full, too many connections
  "58", // system error: I/O
]);
const UNAVAILABLE_CODES: ReadonlySet<string> = new Set([
  "25006", // read-only transaction: connected to a replica after a failover
  "40001", // serialization failure and
  "40P01", // deadlock: retried before; whoever still sees them met too many
  "55P03", // lock not available in time
  "57014", // canceled by statement_timeout
  "57P01", // admin shutdown
  "57P02", // crash shutdown
  "57P03", // starting up
  "57P05", // idle session timeout
  "25P03", // idle-in-transaction timeout
]);
/** Class 28: invalid authorization; no such database; database dropped. */
const ACCESS_REFUSED_CODES: ReadonlySet<string> = new Set(["28000", "28P01", "3D000", "57P04"]);
const RETRYABLE_CODES: ReadonlySet<string> = new Set(["40001", "40P01"]);
const UNIQUE_VIOLATION = "23505";
const CHECK_VIOLATION = "23514";

/** The SQLSTATE of an error from Postgres, also when it comes through the generated client; else `undefined`. */
export function sqlStateOf(error: unknown): string | undefined {
  if (error instanceof pg.DatabaseError) return error.code;
  if (!(error instanceof PrismaClientKnownRequestError)) return undefined;
  return PRISMA_SQL_STATES.get(error.code) ?? originalCode(error.meta?.driverAdapterError);
}

// https://www.prisma.io/docs/orm/reference/error-reference
const PRISMA_SQL_STATES: ReadonlyMap<string, string> = new Map([
  ["P2002", UNIQUE_VIOLATION],
  ["P2034", "40001"],
  ["P1000", "28P01"],
  ["P1003", "3D000"],
  ["P1010", "28000"],
  ["P1001", "08001"],
  ["P1002", "08001"],
  ["P1008", "57014"],
  ["P1017", "08006"],
  ["P2024", "53300"],
  ["P2028", "08006"],
  ["P2037", "53300"],
]);

function originalCode(driverError: unknown): string | undefined {
  const cause = readField(driverError, "cause");
  const code = readField(cause, "originalCode") ?? readField(cause, "code");
  return typeof code === "string" ? code : undefined;
}

function readField(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/**
 * What a statement's failure means to callers. Errors of our own making (wrong SQL, refused rows, and whatever our own
 * code throws inside a transaction) stay as they are.
 */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof DatabaseUnavailableError || error instanceof AlreadyExistsError) return error;
  // Neither driver ends a connection in one of these: a fault of ours, which no waiting mends.
  if (error instanceof TypeError || error instanceof RangeError) return error;
  const code = sqlStateOf(error);
  if (code === undefined) {
    const isPrismas = error instanceof PrismaClientValidationError || error instanceof PrismaClientKnownRequestError;
    // Postgres itself has said nothing: the connection has failed, or was never made.
    return isPrismas
      ? error
      : new DatabaseUnavailableError(`the database cannot be reached: ${nameOf(error)}`, { cause: error });
  }
  if (UNAVAILABLE_CLASSES.has(code.slice(0, 2)) || UNAVAILABLE_CODES.has(code)) {
    return new DatabaseUnavailableError(`the database cannot serve just now (${code}): ${nameOf(error)}`, {
      cause: error,
    });
  }
  if (ACCESS_REFUSED_CODES.has(code)) {
    const message = `the database does not let us in (${code}): ${nameOf(error)}`;
    return new DatabaseUnavailableError(message, { cause: error, isAccessRefused: true });
  }
  if (code === UNIQUE_VIOLATION)
    return new AlreadyExistsError("something with that name, id or hash exists", { cause: error });
  return error;
}

/** Whether the same transaction may simply be run again: nothing of it has happened. */
export function isRetryable(error: unknown): boolean {
  return RETRYABLE_CODES.has(sqlStateOf(error) ?? "");
}

/**
 * Whether the database refuses what a row holds (architecture.md 5.3): SQLSTATE class 22 or 23. "No partition" (23514)
 * is our own fault and no row's; the partitioned tables have no check constraints, which would end in the same code.
 */
export function isRefusedRow(error: unknown): boolean {
  const code = sqlStateOf(error) ?? "";
  return (code.startsWith("22") || code.startsWith("23")) && code !== CHECK_VIOLATION;
}

/** `AggregateError`, which a name with several addresses ends in, has no message of its own. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = readField(error, "code");
  return error.message || (typeof code === "string" ? code : error.name);
}
