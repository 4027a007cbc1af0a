import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { connectionsOf, type Database } from "./connections.ts";
import { DatabaseUnavailableError, isRetryable, sqlStateOf, toDatabaseError } from "./database-errors.ts";
import type { Prisma, PrismaClient } from "./generated/prisma/client.ts";
import type { Statement } from "./sql/statement.ts";

/** An open transaction of the hot path. */
export type Transaction = pg.PoolClient;

/** Deadlocks cannot happen while everybody keeps the lock order of architecture.md 5.8; these are for who does not. */
const TRIES_MAX = 5;
const RETRY_PAUSE_MAX_MS = 50;

/**
 * Opens a transaction for statements that reach rows by their keys. Freshly filled partitions have no statistics yet,
 * and without these settings the planner would join a batch of 200 keys with every row of the month. One round trip.
 */
const BEGIN = `begin;
set local enable_seqscan = off;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
set local plan_cache_mode = force_generic_plan`;

/**
 * Runs `work` in one transaction and commits it. `work` may run again from its start after a deadlock, so it changes
 * nothing outside the database.
 * @throws DatabaseUnavailableError when the database is away; errors of `work` and of its statements otherwise.
 */
export async function inTransaction<T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await runOnce(db, work);
    } catch (error) {
      if (!isRetryable(error)) throw error;
      if (tries === TRIES_MAX) throw toDatabaseError(error);
    }
    await delay(Math.random() * RETRY_PAUSE_MAX_MS);
  }
}

async function runOnce<T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await connect(db);
  try {
    await send(client.query(BEGIN));
    const result = await work(client);
    await send(client.query("commit"));
    client.release();
    return result;
  } catch (error) {
    await rollBack(client, error);
    throw error;
  }
}

/** A connection whose transaction cannot be ended cleanly is closed; the server then rolls back by itself. */
async function rollBack(client: pg.PoolClient, reason: unknown): Promise<void> {
  if (reason instanceof DatabaseUnavailableError) return client.release(reason);
  try {
    await client.query("rollback");
    client.release();
  } catch (error) {
    client.release(error instanceof Error ? error : true);
  }
}

async function connect(db: Database): Promise<pg.PoolClient> {
  return await send(connectionsOf(db).pool.connect());
}

/** Runs one prepared statement inside a transaction, or by itself on any connection of the pool. */
export async function runStatement<Row extends pg.QueryResultRow>(
  on: Transaction | Database,
  { name, text }: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  const target = "connections" in on ? connectionsOf(on).pool : on;
  const result = await send(target.query<Row>({ name, text, values: [...values] }));
  return result.rows;
}

/** Runs a query of the generated client; its errors become ours. */
export async function askPrisma<T>(db: Database, ask: (prisma: PrismaClient) => Promise<T>): Promise<T> {
  return await send(ask(connectionsOf(db).prisma));
}

/** Several queries of the generated client in one transaction. */
export async function inPrismaTransaction<T>(
  db: Database,
  ask: (prisma: Prisma.TransactionClient) => Promise<T>,
  isolationLevel: Prisma.TransactionIsolationLevel = "ReadCommitted",
): Promise<T> {
  return await send(connectionsOf(db).prisma.$transaction(ask, { isolationLevel }));
}

/** Deadlocks stay as they are until the retries are used up. */
async function send<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw sqlStateOf(error) !== undefined && isRetryable(error) ? error : toDatabaseError(error);
  }
}
