import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** Longer than any service's own deadline for a graceful stop. */
const STOP_WITHIN_MS = 30_000;

/** Starts a service from its sources, in the foreground, and again whenever its code changes. */
export function startFromSources(
  root: string,
  service: string,
  environment: Readonly<Record<string, string | undefined>>,
): ChildProcess {
  const args = ["watch", "--clear-screen=false", "--conditions=@sms-gateway/source", `services/${service}/src/main.ts`];
  const child = spawn(resolve(root, "node_modules/.bin/tsx"), args, {
    cwd: root,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: Ctrl-C reaches only this script, which then stops them in order.
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) print(service, stream);
  return child;
}

/** Ends a service that runs from its sources, in order if it can be. */
export async function stopFromSources(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const exited = once(child, "exit");
  // To tsx alone, which hands it on: a service that gets it twice ends at once.
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, "SIGKILL"), STOP_WITHIN_MS);
  await exited;
  clearTimeout(timer);
}

/** Resolves on Ctrl-C or SIGTERM. */
export function untilStopped(): Promise<void> {
  return new Promise((stop) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop());
  });
}

function print(service: string, stream: Readable): void {
  createInterface({ input: stream }).on("line", (line) => console.log(`${service.padEnd(11)} | ${line}`));
}
