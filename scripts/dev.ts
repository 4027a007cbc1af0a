/**
 * `make dev`: everything from sources, in the foreground, each process restarted when its code changes; Ctrl-C ends it.
 * Without Docker as the standalone shape; where an engine answers, or with MODE=docker, with three servers of their own.
 */
import { resolve } from "node:path";
import { chooseMode } from "./operate/mode.ts";
import { runCommand } from "./operate/operator-error.ts";

const ROOT = resolve(import.meta.dirname, "..");

await runCommand(async () => {
  const { mode, why } = chooseMode(ROOT, { remembered: undefined });
  if (mode === "docker") return (await import("./operate/dev-with-servers.ts")).devWithServers(ROOT, why);
  return (await import("./operate/dev-standalone.ts")).devStandalone(ROOT, why);
});
