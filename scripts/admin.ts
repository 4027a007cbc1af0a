import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { compose } from "./operate/docker.ts";
import { rememberedMode } from "./operate/mode.ts";

// The database: the one that is named, else that of a running `make dev`, else that of the containers.
const DEV_DATABASE_URL_FILE = ".data/dev/database-url";
const args = process.argv.slice(2);
const url =
  process.env.DATABASE_URL ??
  (existsSync(DEV_DATABASE_URL_FILE) ? readFileSync(DEV_DATABASE_URL_FILE, "utf8").trim() : undefined);
if (url === undefined && rememberedMode() === "docker") {
  compose("exec", "-T", "worker", "node", "dist/admin.js", ...args);
} else {
  const { status } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--conditions=@sms-gateway/source", "services/worker/src/admin.ts", ...args],
    { stdio: "inherit", env: { ...process.env, ...(url === undefined ? {} : { DATABASE_URL: url }) } },
  );
  process.exit(status ?? 1);
}
