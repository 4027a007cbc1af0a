import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";

/** One folder of `prisma/migrations`. */
export interface Migration {
  /** The folder's name: `<time>_<name>`, which is also the order. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, as hex: what Prisma records. */
  readonly checksum: string;
}

/** From src/migrations and from dist/migrations alike. */
const FOLDER = new URL("../../prisma/migrations/", import.meta.url);

/** All migrations, oldest first. */
export async function readMigrations(folder: URL = FOLDER): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return await Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(new URL(`${name}/migration.sql`, folder));
      return { name, sql: bytes.toString("utf8"), checksum: createHash("sha256").update(bytes).digest("hex") };
    }),
  );
}
