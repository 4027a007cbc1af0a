import pg from "pg";
import { ADVISORY_LOCKS } from "../advisory-locks.ts";
import { connectionsOf, type Database } from "../connections.ts";
import { toDatabaseError } from "../database-errors.ts";
import { MigrationError } from "./migration-error.ts";

/** For one statement of a migration, and for the wait until somebody else has migrated. */
const STATEMENT_TIMEOUT_MS = 15 * 60_000;

/**
 * Runs `work` on a connection of its own, with time for long statements, while it holds the lock under which the tables
 * are changed. Closing the connection frees the lock, however `work` ended.
 */
export async function underMigrationLock<T>(db: Database, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    ...connectionsOf(db).config,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
  });
  // A lost connection also fails the statement under way, or the next one.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select pg_advisory_lock($1)", [ADVISORY_LOCKS.MIGRATION]);
    return await work(client);
  } catch (error) {
    throw error instanceof MigrationError ? error : toDatabaseError(error);
  } finally {
    await client.end();
  }
}
