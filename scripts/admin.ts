/** `make admin`: runs an operator's command on the database of what runs here. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { compose } from "./operate/docker.ts";
import { rememberedMode } from "./operate/mode.ts";
import { runCommand } from "./operate/operator-error.ts";

// The database: the one that is named, else that of a running `make dev`, else that of `make up`.
const ROOT = resolve(import.meta.dirname, "..");
const DEV_DATABASE_URL_FILE = resolve(ROOT, ".data/dev/database-url");
const args = process.argv.slice(2);

await runCommand(async () => {
  const url =
    process.env.DATABASE_URL ||
    (existsSync(DEV_DATABASE_URL_FILE) ? readFileSync(DEV_DATABASE_URL_FILE, "utf8").trim() : undefined);
  if (url !== undefined) return runAdmin(url);
  if (rememberedMode(ROOT) === "standalone") {
    const { useStandaloneDatabase } = await import("./operate/standalone-database.ts");
    return useStandaloneDatabase(ROOT, async (own) => runAdmin(own));
  }
  compose("exec", "-T", "worker", "node", "dist/admin.js", ...args);
  return 0;
});

function runAdmin(url: string): number {
  const { status } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--conditions=@sms-gateway/source", "services/worker/src/admin.ts", ...args],
    { cwd: ROOT, stdio: "inherit", env: { ...process.env, DATABASE_URL: url } },
  );
  return status ?? 1;
}
