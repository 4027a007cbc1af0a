import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Database, DatabaseUnavailableError, openDatabase, TransferError } from "@sms-gateway/db";
import { settingOf } from "./env-file.ts";
import { rememberedMode } from "./mode.ts";
import { OperatorError } from "./operator-error.ts";
import { readShell } from "./shell-config.ts";

const DEV_DATABASE_URL_FILE = ".data/dev/database-url";

/**
 * Opens the database of this installation for as long as `use` takes: the one of `DATABASE_URL`, else that of a running
 * `make dev`, else that of `make up`. An embedded one that does not run is started for that time.
 *
 * @throws OperatorError when there is none, when it does not answer, or when it cannot do what `use` asks of it
 */
export async function useInstallationDatabase<T>(root: string, use: (db: Database) => Promise<T>): Promise<T> {
  return await withUrl(root, async (url) => {
    const db = openDatabase({ url, poolMax: 1 });
    try {
      return await use(db);
    } catch (error) {
      if (error instanceof TransferError) throw new OperatorError(`Nothing was changed: ${error.message}.`);
      if (!(error instanceof DatabaseUnavailableError)) throw error;
      throw new OperatorError(`The database does not answer (${error.message}). Is it running ("make up")?`);
    } finally {
      await db.close();
    }
  });
}

async function withUrl<T>(root: string, use: (url: string) => Promise<T>): Promise<T> {
  const devFile = join(root, DEV_DATABASE_URL_FILE);
  const named = readShell("DATABASE_URL");
  if (named !== undefined) return use(named);
  if (existsSync(devFile)) return use(readFileSync(devFile, "utf8").trim());
  if (rememberedMode(root) === "standalone") {
    // Loaded here alone: the other shape does without an embedded Postgres.
    const { useStandaloneDatabase } = await import("./standalone-database.ts");
    return useStandaloneDatabase(root, use);
  }
  // As docker-compose.yml publishes it.
  const password = encodeURIComponent(settingOf(root, "POSTGRES_PASSWORD", "development-only"));
  const port = settingOf(root, "POSTGRES_PORT", "5432");
  return use(`postgresql://sms_gateway:${password}@127.0.0.1:${port}/sms_gateway`);
}

/** An error of the file system as one for people; others stay as they are. */
export function explainFileError(error: unknown, what: string): unknown {
  return error instanceof Error && "syscall" in error ? new OperatorError(`${what}: ${error.message}`) : error;
}
