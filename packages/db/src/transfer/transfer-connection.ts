import { addAbortSignal } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import copyStreams from "pg-copy-streams";
import { connectionsOf, type Database } from "../connections.ts";
import { toDatabaseError } from "../database-errors.ts";

/** One transaction on a connection of its own, with time for whole tables. */
export interface TransferConnection {
  /** Errors become ours. */
  ask<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** What a `copy … to stdout` gives, no faster than it is taken. */
  copyOut(text: string): AsyncGenerator<Buffer>;
  /**
   * Feeds a `copy … from stdin`; answers how many rows were stored. Rejects with the error of `rows` when it fails, and
   * with Postgres' own when that refuses them.
   */
  copyIn(text: string, rows: AsyncIterable<Buffer>): Promise<number>;
}

/** For one statement, thus for one whole table: 100 GB at 30 MB/s. */
const STATEMENT_TIMEOUT_MS = 60 * 60_000;
/** The server ends a statement by itself; only when it has fallen silent do we give up this much later. */
const SILENCE_MARGIN_MS = 5_000;
/** Between two statements there is work for a slow disk at the most. */
const IDLE_IN_TRANSACTION_MS = 10 * 60_000;

/** Values are written and read alike, whatever the settings of a database or user are. */
const SAME_TEXT = `set local datestyle = 'ISO'; set local intervalstyle = 'postgres'; set local bytea_output = 'hex';
set local extra_float_digits = 1; set local standard_conforming_strings = on`;

/**
 * Runs `work` in a transaction that `begin` opens and commits it. Whatever fails, the connection is closed and nothing
 * of it remains.
 * @throws DatabaseUnavailableError when the database is away; errors of `work` otherwise.
 */
export async function inTransfer<T>(
  db: Database,
  begin: string,
  work: (connection: TransferConnection) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    ...connectionsOf(db).config,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    // Would also run against a COPY, which it does not understand: `ask` and `limitCopy` count for themselves.
    query_timeout: 0,
  });
  // A lost connection also fails the statement under way, or the next one.
  client.on("error", () => undefined);
  const connection = wrapClient(client);
  try {
    await client.connect().catch((error: unknown) => {
      throw toDatabaseError(error);
    });
    await connection.ask(begin);
    await connection.ask(SAME_TEXT);
    const result = await work(connection);
    await connection.ask("commit");
    return result;
  } finally {
    await client.end();
  }
}

function wrapClient(client: pg.Client): TransferConnection {
  return {
    async ask<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
      const limited = { text, values: [...values], query_timeout: STATEMENT_TIMEOUT_MS + SILENCE_MARGIN_MS };
      try {
        return (await client.query<Row>(limited)).rows;
      } catch (error) {
        throw toDatabaseError(error);
      }
    },
    async *copyOut(text) {
      const copy = client.query(copyStreams.to(text));
      // Whoever reads learns of an error; this is for that of a connection which is closed after the reader has left.
      copy.on("error", () => undefined);
      addAbortSignal(limitCopy(), copy);
      try {
        yield* copy;
      } catch (error) {
        throw toDatabaseError(error);
      }
    },
    async copyIn(text, rows) {
      const copy = client.query(copyStreams.from(text));
      let failure: { readonly error: unknown } | undefined;
      async function* watchRows(): AsyncGenerator<Buffer> {
        try {
          yield* rows;
        } catch (error) {
          failure = { error };
          throw error;
        }
      }
      try {
        await pipeline(watchRows(), copy, { signal: limitCopy() });
        return copy.rowCount;
      } catch (error) {
        // What Postgres then says is only that it was told to stop.
        throw failure === undefined ? toDatabaseError(error) : failure.error;
      }
    },
  };
}

function limitCopy(): AbortSignal {
  return AbortSignal.timeout(STATEMENT_TIMEOUT_MS + SILENCE_MARGIN_MS);
}
