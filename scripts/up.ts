/** `make up`: starts everything in the shape that fits, waits until it is healthy, and says where it is. */
import { resolve } from "node:path";
import { chooseMode, lastMode } from "./operate/mode.ts";
import { runCommand } from "./operate/operator-error.ts";
import { readShell } from "./operate/shell-config.ts";

const ROOT = resolve(import.meta.dirname, "..");
/** The Makefile's, so that installing counts. */
const startedAtS = Number(readShell("UP_STARTED_AT_S"));
const startedAtMs = startedAtS > 0 ? startedAtS * 1000 : Date.now();

await runCommand(async () => {
  const { mode, why } = chooseMode(ROOT, { remembered: lastMode(ROOT) });
  // Loaded after the choice, so that it shows at once what happens.
  if (mode === "docker") return (await import("./operate/up-docker.ts")).upDocker(ROOT, { why, startedAtMs });
  return (await import("./operate/up-standalone.ts")).upStandalone(ROOT, { why, startedAtMs });
});
