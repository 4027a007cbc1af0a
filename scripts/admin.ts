import { spawnSync } from "node:child_process";
import { compose } from "./operate/docker.ts";
import { rememberedMode } from "./operate/mode.ts";

// In containers the worker's own environment knows the database; else DATABASE_URL must be set.
const args = process.argv.slice(2);
if (process.env.DATABASE_URL === undefined && rememberedMode() === "docker") {
  compose("exec", "-T", "worker", "node", "dist/admin.js", ...args);
} else {
  const { status } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--conditions=@sms-gateway/source", "services/worker/src/admin.ts", ...args],
    { stdio: "inherit" },
  );
  process.exit(status ?? 1);
}
