import type { ExportHeader } from "./export-header.ts";
import type { TransferConnection } from "./transfer-connection.ts";
import { TransferError } from "./transfer-error.ts";

/**
 * The migrations that the database has, by name.
 * @throws TransferError when it has none, or one is broken half-way.
 */
export async function listMigrations(connection: TransferConnection): Promise<ExportHeader["migrations"]> {
  const [found] = await connection.ask("select 1 where to_regclass('_prisma_migrations') is not null");
  if (found === undefined) throw new TransferError("the database has no tables yet: start a worker on it once");
  const rows = await connection.ask<{ name: string; checksum: string; finished: boolean }>(
    `select migration_name as name, checksum, finished_at is not null as finished
     from _prisma_migrations where rolled_back_at is null order by migration_name`,
  );
  const broken = rows.find(({ finished }) => !finished);
  if (broken !== undefined) throw new TransferError(`migration ${broken.name} is broken half-way`);
  return rows.map(({ name, checksum }) => ({ name, checksum }));
}
