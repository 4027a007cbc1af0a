import type pg from "pg";
import { connectionsOf, type Database } from "./connections.ts";
import type { Statement } from "./sql/statement.ts";

/**
 * Runs one statement as a transaction of its own and gives it up after `limitMs` milliseconds, the wait for a free
 * connection included. It is never sent twice: whether a statement was carried out whose answer was lost is unknown.
 * @throws what the driver or Postgres says.
 */
export async function askWithin<Row extends pg.QueryResultRow>(
  db: Database,
  { name, text }: Statement,
  { values, limitMs }: { readonly values: readonly unknown[]; readonly limitMs: number },
): Promise<Row[]> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    const client = await takeConnection(connectionsOf(db).pool, over);
    try {
      const { rows } = await Promise.race([client.query<Row>({ name, text, values: [...values] }), over]);
      client.release();
      return rows;
    } catch (error) {
      // Closed: an answer that comes too late would be taken for that of the next statement.
      client.release(error instanceof Error ? error : true);
      throw error;
    }
  } finally {
    clearTimeout(timer);
  }
}

async function takeConnection(pool: pg.Pool, over: Promise<never>): Promise<pg.PoolClient> {
  const connecting = pool.connect();
  try {
    return await Promise.race([connecting, over]);
  } catch (error) {
    // One that comes after all is given back unused; its failure would tell nothing new.
    void connecting.then(
      (late) => late.release(),
      () => undefined,
    );
    throw error;
  }
}
