import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { compose } from "./docker.ts";
import { rememberedMode } from "./mode.ts";
import { readShell, shellEnvironment } from "./shell-config.ts";

/**
 * Runs the worker's program for operators on the database of what runs here: the one that is named, else that of a
 * running `make dev`, else that of `make up`, for which the docker shape runs it in the worker's container.
 *
 * @returns its exit code.
 */
export async function runAdminProgram(root: string, words: readonly string[]): Promise<number> {
  const devDatabaseUrlFile = resolve(root, ".data/dev/database-url");
  const url =
    readShell("DATABASE_URL") ??
    (existsSync(devDatabaseUrlFile) ? readFileSync(devDatabaseUrlFile, "utf8").trim() : undefined);
  if (url !== undefined) return runFromSources(root, words, url);
  if (rememberedMode(root) === "standalone") {
    // Loaded here alone: the other shape does without an embedded Postgres.
    const { useStandaloneDatabase } = await import("./standalone-database.ts");
    return useStandaloneDatabase(root, async (own) => runFromSources(root, words, own));
  }
  compose("exec", "-T", "worker", "node", "dist/admin.js", ...words);
  return 0;
}

function runFromSources(root: string, words: readonly string[], url: string): number {
  const { status } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--conditions=@sms-gateway/source", "services/worker/src/admin.ts", ...words],
    { cwd: root, stdio: "inherit", env: { ...shellEnvironment(), DATABASE_URL: url } },
  );
  return status ?? 1;
}
