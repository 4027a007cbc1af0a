import type pg from "pg";
import type { Database } from "../connections.ts";
import { sqlStateOf } from "../database-errors.ts";
import { firstIdAt } from "../uuid.ts";
import { underMigrationLock } from "./migration-lock.ts";

/** What `ensurePartitions` has found and done. */
export interface PartitionReport {
  /** Partitions that this call made. */
  readonly created: readonly string[];
  /** Default partitions that hold rows: an alarm, for somebody wrote outside the months that were made. */
  readonly nonEmptyDefaults: readonly string[];
  /** Partitions that cannot be made because a default partition holds rows of that month. */
  readonly blocked: readonly string[];
}

const PARTITIONED_TABLES = ["messages", "message_aliases", "attempts", "events"] as const;
const MONTHS_BACK = 1;
const MONTHS_AHEAD = 3;
/** Making a partition waits for transactions on the default partition, and everybody else waits behind it meanwhile. */
const LOCK_TIMEOUT_MS = 3_000;
const CHECK_VIOLATION = "23514";

/**
 * Makes the monthly partitions from one month back to three ahead of `now` (UTC) where they are missing. Called at every
 * start and every hour, by every worker: one at a time works, the others find nothing to do.
 */
export async function ensurePartitions(db: Database, now: Date): Promise<PartitionReport> {
  return await underMigrationLock(db, async (client) => {
    await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
    const existing = await listTables(client);
    const created: string[] = [];
    const blocked: string[] = [];
    for (const partition of listPartitions(now).filter((wanted) => !existing.has(wanted.name))) {
      const made = await createPartition(client, partition);
      (made ? created : blocked).push(partition.name);
    }
    return { created, blocked, nonEmptyDefaults: await listNonEmptyDefaults(client) };
  });
}

/** A partition holds the UUIDv7 of one month, in UTC: `from` is its first, `to` the first of the next month. */
interface MonthPartition {
  readonly table: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** The partitions that should exist at `now`. */
function listPartitions(now: Date): MonthPartition[] {
  const months = Array.from({ length: MONTHS_BACK + 1 + MONTHS_AHEAD }, (_, index) => index - MONTHS_BACK);
  return months.flatMap((offset) => {
    const startMs = monthStartMs(now, offset);
    const suffix = new Date(startMs).toISOString().slice(0, 7).replace("-", "_");
    const bounds = { from: firstIdAt(startMs), to: firstIdAt(monthStartMs(now, offset + 1)) };
    return PARTITIONED_TABLES.map((table) => ({ table, name: `${table}_${suffix}`, ...bounds }));
  });
}

function monthStartMs(now: Date, offset: number): number {
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1);
}

async function listTables(client: pg.Client): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    "select c.relname as name from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relispartition and c.relkind = 'r'",
  );
  return new Set(rows.map((row) => row.name));
}

async function createPartition(client: pg.Client, { table, name, from, to }: MonthPartition): Promise<boolean> {
  try {
    await client.query(`create table ${name} partition of ${table} for values from ('${from}') to ('${to}')`);
    return true;
  } catch (error) {
    if (sqlStateOf(error) === CHECK_VIOLATION) return false;
    throw error;
  }
}

async function listNonEmptyDefaults(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<Record<string, boolean>>(
    `select ${PARTITIONED_TABLES.map((table) => `exists (select 1 from ${table}_default) as ${table}_default`).join(", ")}`,
  );
  const [found = {}] = rows;
  return Object.keys(found).filter((name) => found[name] === true);
}
