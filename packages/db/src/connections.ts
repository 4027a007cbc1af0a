import type pg from "pg";
import type { PrismaClient } from "./generated/prisma/client.ts";

/**
 * An open database. What is behind `connections` is this package's own business: every function here takes the
 * `Database` as its first argument, and nothing else can be done with it.
 */
export interface Database {
  readonly connections: unknown;
  /** Asks the database something trivial, within two seconds. */
  health(): Promise<{ ok: boolean; detail?: string }>;
  /** Lets statements under way end, then closes every connection. Later calls reject with `DatabaseUnavailableError`. */
  close(): Promise<void>;
}

/** One pool, used by raw statements and by the generated client alike, so that one number bounds all connections. */
export class Connections {
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;
  /** How the pool connects, for a connection that needs other limits. */
  readonly config: pg.ClientConfig;

  constructor({ pool, prisma, config }: { pool: pg.Pool; prisma: PrismaClient; config: pg.ClientConfig }) {
    this.pool = pool;
    this.prisma = prisma;
    this.config = config;
  }
}

/** @throws TypeError for a database that `openDatabase` has not made. */
export function connectionsOf(db: Database): Connections {
  if (db.connections instanceof Connections) return db.connections;
  throw new TypeError("db must come from openDatabase");
}
