import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { readShell } from "./shell-config.ts";

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

/**
 * Lists the ports of this machine that running containers of this compose project have; undefined when none runs, or no
 * engine is there.
 */
export function listPortsInDocker(): Set<number> | undefined {
  const ask = (...args: string[]) => {
    const { status, stdout } = spawnSync("docker", args, { encoding: "utf8", timeout: 10_000 });
    return status === 0 ? stdout.split("\n").filter((line) => line !== "") : [];
  };
  // Compose 1.29 lists stopped containers too; the engine itself lists those that run.
  const ours = new Set(ask("compose", "ps", "--quiet"));
  const running = ask("ps", "--no-trunc", "--format", "{{.ID}} {{.Ports}}").filter((line) =>
    ours.has(line.split(" ", 1)[0] ?? ""),
  );
  if (running.length === 0) return undefined;
  return new Set(running.flatMap((line) => [...line.matchAll(/:(\d+)->/g)].map(([, port]) => Number(port))));
}

/** Whether the database's volume of this compose project is there already: then the servers have their passwords. */
export function hasDataVolume(): boolean {
  // Compose's own rule for the project's name.
  const project =
    readShell("COMPOSE_PROJECT_NAME") ??
    basename(process.cwd())
      .toLowerCase()
      .replace(/[^a-z0-9_-]/g, "");
  return (
    spawnSync("docker", ["volume", "inspect", `${project}_postgres`], { stdio: "ignore", timeout: 10_000 }).status === 0
  );
}
