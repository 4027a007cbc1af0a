import { randomUUID } from "node:crypto";
import type pg from "pg";
import type { Database } from "../connections.ts";
import { MigrationError } from "./migration-error.ts";
import { underMigrationLock } from "./migration-lock.ts";
import { type Migration, readMigrations } from "./read-migrations.ts";

/** As Prisma creates it. */
const CREATE_TABLE = `create table if not exists _prisma_migrations (
  id varchar(36) primary key not null,
  checksum varchar(64) not null,
  finished_at timestamptz,
  migration_name varchar(255) not null,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz not null default now(),
  applied_steps_count integer not null default 0
)`;

/**
 * Brings the tables up to date: applies what `prisma migrate deploy` would apply, and records it as that would, so
 * that either can continue after the other. Any number of processes may call it at once: one works, the others wait.
 * Answers the names of the migrations that this call applied.
 * @throws MigrationError when an earlier try broke half-way or an applied file was changed; nothing is applied then.
 */
export async function migrate(db: Database): Promise<string[]> {
  return await migrateFrom(db, await readMigrations());
}

/** `migrate`, with the migrations given. */
export async function migrateFrom(db: Database, migrations: readonly Migration[]): Promise<string[]> {
  return await underMigrationLock(db, async (client) => {
    await client.query(CREATE_TABLE);
    const { rows } = await client.query<AppliedRow>(
      "select migration_name, checksum, finished_at from _prisma_migrations where rolled_back_at is null",
    );
    const missing = listMissing(migrations, rows);
    for (const migration of missing) await apply(client, migration);
    return missing.map((migration) => migration.name);
  });
}

interface AppliedRow {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
}

/** What the table knows beyond the files was applied by a newer version, which must be able to run beside this one. */
function listMissing(migrations: readonly Migration[], rows: readonly AppliedRow[]): Migration[] {
  const broken = rows.find((row) => row.finished_at === null);
  if (broken !== undefined) {
    throw new MigrationError(
      `migration ${broken.migration_name} has failed before: mend the tables, then remove or finish its row in _prisma_migrations`,
    );
  }
  const applied = new Map(rows.map((row) => [row.migration_name, row.checksum]));
  const changed = migrations.find(
    (migration) => (applied.get(migration.name) ?? migration.checksum) !== migration.checksum,
  );
  if (changed !== undefined) throw new MigrationError(`migration ${changed.name} was changed after it was applied`);
  return migrations.filter((migration) => !applied.has(migration.name));
}

/**
 * A file is one transaction together with its record, so that a process killed in the middle leaves nothing behind. Only
 * what Postgres refuses inside a transaction runs as Prisma runs everything: record, file, record; and may break.
 */
async function apply(client: pg.Client, migration: Migration): Promise<void> {
  if (!/\bconcurrently\b/i.test(migration.sql)) await client.query("begin");
  const id = randomUUID();
  await client.query("insert into _prisma_migrations (id, checksum, migration_name) values ($1, $2, $3)", [
    id,
    migration.checksum,
    migration.name,
  ]);
  try {
    await client.query(migration.sql);
  } catch (error) {
    const logs = error instanceof Error ? error.message : String(error);
    // Inside a transaction this ends it; else it is nothing but a warning, and the record tells what happened.
    await client.query("rollback");
    await client.query("update _prisma_migrations set logs = $2 where id = $1", [id, logs]);
    throw new MigrationError(`migration ${migration.name} failed: ${logs}`, { cause: error });
  }
  await client.query(
    "update _prisma_migrations set finished_at = now(), applied_steps_count = applied_steps_count + 1 where id = $1",
    [id],
  );
  // Likewise nothing but a warning outside a transaction.
  await client.query("commit");
}
