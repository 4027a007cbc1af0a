/** `make down`: stops everything of the shape that runs; data and accepted messages stay. */
import { resolve } from "node:path";
import { withCommandLock } from "./operate/command-lock.ts";
import { compose } from "./operate/docker.ts";
import { lastMode, rememberedMode } from "./operate/mode.ts";
import { runCommand } from "./operate/operator-error.ts";
import { readShell } from "./operate/shell-config.ts";
import { stopStandalone } from "./operate/stop-standalone.ts";

const ROOT = resolve(import.meta.dirname, "..");

await runCommand(() =>
  withCommandLock(ROOT, "down", async () => {
    // Whatever was used last, unless it was said to be about Docker.
    const wasRunning = readShell("MODE") !== "docker" && (await stopStandalone(ROOT));
    // Without --volumes: data and accepted messages stay.
    // A MODE in .env is about the next start: it does not ask for an engine to stop what ran without one.
    const wasStandalone = wasRunning && lastMode(ROOT) === "standalone";
    if (rememberedMode(ROOT) === "docker" && !wasStandalone) compose("down");
    else console.log(wasRunning ? "Everything is stopped; the data stays." : "Nothing runs.");
    return 0;
  }),
);
