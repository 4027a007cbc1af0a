import { spawnSync } from "node:child_process";

/** Whether a Docker Engine answers and Compose is there; an engine that hangs counts as none after 5 s. */
export function dockerAnswers(): boolean {
  const ask = (args: string[]) => spawnSync("docker", args, { stdio: "ignore", timeout: 5_000 }).status === 0;
  return ask(["info"]) && ask(["compose", "version"]);
}

/** Runs `docker compose` with the output on this terminal; ends the process with its code when it fails. */
export function compose(...args: string[]): void {
  const { status, error } = spawnSync("docker", ["compose", ...args], { stdio: "inherit" });
  if (status === 0) return;
  if (error !== undefined) console.error(`docker compose could not run: ${error.message}`);
  process.exit(status ?? 1);
}
