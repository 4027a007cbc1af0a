import pg from "pg";

/** A connection of a test's own to its database, to move times instead of waiting and to read what no function answers. */
export interface Sql {
  ask<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Connects at the first question. */
export function openSql(url: string): Sql {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  // A server that stops, or a database that is dropped while the connection closes, is told to the questions alone.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return {
    ask: async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(text, [...values])).rows,
    close: () => pool.end(),
  };
}
