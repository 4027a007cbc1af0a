import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { Connections, type Database } from "./connections.ts";
import { PrismaClient } from "./generated/prisma/client.ts";
import { readAddress } from "./read-address.ts";

export interface DatabaseOptions {
  /** `postgresql://user:password@host:port/database`. */
  readonly url: string;
  /** Most connections at once. */
  readonly poolMax: number;
  /** How long one statement may take, in milliseconds. */
  readonly statementTimeoutMs?: number;
  /** How long a call waits for a free or new connection, in milliseconds. */
  readonly connectTimeoutMs?: number;
  /** Told of errors that no call can report: an idle connection that was lost. */
  readonly onError?: (error: Error) => void;
}

/** Far above every statement of the hot path, and low enough that a stuck one is noticed. */
const STATEMENT_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** The server ends a statement by itself; only when it has fallen silent do we give up this much later. */
const SILENCE_MARGIN_MS = 3_000;
/** A transaction that stands still (a worker that was stopped in the middle) holds locks that all others need. */
const IDLE_IN_TRANSACTION_MS = 15_000;
const HEALTH_TIMEOUT_MS = 2_000;
/**
 * What our statements rely on, whatever the defaults of server, database and user are. Compiling a plan over many
 * partitions takes longer than any of them runs. A commit is on the disk unless its statement says otherwise.
 */
const SESSION_OPTIONS =
  "-c jit=off -c timezone=UTC -c default_transaction_isolation=read\\ committed -c synchronous_commit=on";

/**
 * Opens a pool; connects when first used, so that a database which is away is not an error yet.
 * @throws TypeError when the address is not a `postgresql://` or `postgres://` URL.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const address = readAddress(options.url);
  const statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  const config = {
    connectionString: address.connectionString,
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + SILENCE_MARGIN_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    application_name: "sms-gateway",
    options: `${address.options} ${SESSION_OPTIONS}`,
  };
  const pool = new pg.Pool({ ...config, max: options.poolMax });
  pool.on("error", (error) => options.onError?.(error));
  // The pool listens to idle connections only. One that is lost in the middle of a transaction, between two statements,
  // would else end the process; whoever holds it learns of the loss from the next statement.
  pool.on("connect", (client) => client.on("error", () => undefined));
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) });
  let closing: Promise<void> | undefined;
  return {
    connections: new Connections({ pool, prisma, config }),
    health: () => askHealth(pool),
    close: () => {
      closing ??= prisma.$disconnect().then(() => pool.end());
      return closing;
    },
  };
}

async function askHealth(pool: pg.Pool): Promise<{ ok: boolean; detail?: string }> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${HEALTH_TIMEOUT_MS} ms`)), HEALTH_TIMEOUT_MS);
  });
  try {
    await Promise.race([pool.query("select 1"), limit]);
    return { ok: true };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message || error.name : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
