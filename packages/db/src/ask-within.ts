import { withinMs } from "@sms-gateway/waiting";
import type pg from "pg";
import { connectionsOf, type Database } from "./connections.ts";
import type { Statement } from "./sql/statement.ts";

/** There was no connection in time, or none could be made: nothing was sent, so nothing was carried out. */
export class NotSentError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "NotSentError";
  }
}

/** Of the whole time; the rest is for the statement, which would otherwise be given up in the midst. */
const WAIT_SHARE = 0.5;

/**
 * Runs one statement as a transaction of its own and gives it up after `limitMs` milliseconds, the wait for a free
 * connection included. It is never sent twice: whether a statement was carried out whose answer was lost is unknown.
 * @throws NotSentError when it certainly was not; else what the driver or Postgres says.
 */
export async function askWithin<Row extends pg.QueryResultRow>(
  db: Database,
  { name, text }: Statement,
  { values, limitMs }: { readonly values: readonly unknown[]; readonly limitMs: number },
): Promise<Row[]> {
  const endsAtMs = performance.now() + limitMs;
  const client = await takeConnection(connectionsOf(db).pool, limitMs * WAIT_SHARE);
  try {
    const asked = client.query<Row>({ name, text, values: [...values] });
    const { rows } = await withinMs(endsAtMs - performance.now(), "the answer of Postgres", asked);
    client.release();
    return rows;
  } catch (error) {
    // Closed: an answer that comes too late would be taken for that of the next statement.
    client.release(error instanceof Error ? error : true);
    throw error;
  }
}

async function takeConnection(pool: pg.Pool, limitMs: number): Promise<pg.PoolClient> {
  const connecting = pool.connect();
  try {
    return await withinMs(limitMs, "a free connection to Postgres", connecting);
  } catch (error) {
    // One that comes after all is given back unused; its failure would tell nothing new.
    void connecting.then(
      (late) => late.release(),
      () => undefined,
    );
    throw new NotSentError(error);
  }
}
