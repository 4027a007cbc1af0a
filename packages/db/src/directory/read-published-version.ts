import type { Database } from "../connections.ts";
import type { Statement } from "../sql/statement.ts";
import { runStatement } from "../transaction.ts";

/** Between migrating and seeding there is a version, and nobody to let in: an installation without clients is none yet. */
const READ_PUBLISHED_VERSION: Statement = {
  name: "read-published-version",
  text: "select version from directory_version where id = 1 and exists (select 1 from clients)",
};

/** The version of the directory that gateways may read, or undefined before the database is seeded. */
export async function readPublishedVersion(db: Database): Promise<number | undefined> {
  const [row] = await runStatement<{ version: string }>(db, READ_PUBLISHED_VERSION, []);
  return row === undefined ? undefined : Number(row.version);
}
