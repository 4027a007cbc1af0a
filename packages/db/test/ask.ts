import type pg from "pg";
import { connectionsOf, type Database } from "../src/connections.ts";

/** Asks the database what no function of the package answers. */
export async function ask<Row extends pg.QueryResultRow>(
  db: Database,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return (await connectionsOf(db).pool.query<Row>(text, [...values])).rows;
}

export async function count(db: Database, table: string, where = "true"): Promise<number> {
  const [row] = await ask<{ count: number }>(db, `select count(*)::int as count from ${table} where ${where}`);
  return row?.count ?? -1;
}
