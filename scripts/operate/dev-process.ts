import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { hasCode, sendSignal } from "@sms-gateway/embedded-postgres";
import { DATA_FOLDER } from "./data-folders.ts";

/** Longer than any service's own deadline for a graceful stop. */
const STOP_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 50;
/** Where tsx has its socket. Relative, as the path of a socket may have 107 bytes at most. */
const TEMPORARY_FOLDER = join(DATA_FOLDER, "tmp");

/** A service that runs from its sources. */
export interface SourceProcess {
  /** Of tsx, whose group the service is in. */
  readonly pid: number | undefined;
  /** Ends it, in order if it can be. */
  stop(): Promise<void>;
}

/** Starts a service from its sources, in the foreground, and again whenever its code changes. */
export function startFromSources(
  root: string,
  service: string,
  environment: Readonly<Record<string, string | undefined>>,
): SourceProcess {
  const args = ["watch", "--clear-screen=false", "--conditions=@sms-gateway/source", `services/${service}/src/main.ts`];
  mkdirSync(join(root, TEMPORARY_FOLDER), { recursive: true });
  const child = spawn(resolve(root, "node_modules/.bin/tsx"), args, {
    cwd: root,
    env: { ...environment, TMPDIR: TEMPORARY_FOLDER },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: Ctrl-C reaches only this script, which then stops them in order.
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) print(service, stream);
  let isStopping = false;
  child.once("exit", (code, signal) => {
    if (isStopping) return;
    console.log(
      `${service.padEnd(11)} | tsx, which restarts it, has ended (${signal ?? `code ${code}`}): Ctrl-C, and begin again.`,
    );
  });

  async function stop(): Promise<void> {
    isStopping = true;
    if (child.pid === undefined) return;
    if (child.exitCode !== null || child.signalCode !== null) return endGroup(child.pid);
    const exited = once(child, "exit");
    // To tsx alone, which hands it on: a service that gets it twice ends at once.
    child.kill("SIGTERM");
    const group = -child.pid;
    const timer = setTimeout(() => sendSignal(group, "SIGKILL"), STOP_WITHIN_MS);
    await exited;
    clearTimeout(timer);
  }

  return { pid: child.pid, stop };
}

/** Resolves on Ctrl-C, SIGTERM, or when the terminal is closed; what comes after the first changes nothing. */
export function untilStopped(): Promise<void> {
  return new Promise((stop) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop());
  });
}

/** Ends what a killed tsx has left behind. */
async function endGroup(pid: number): Promise<void> {
  sendSignal(-pid, "SIGTERM");
  const until = performance.now() + STOP_WITHIN_MS;
  while (isGroupAlive(pid)) {
    if (performance.now() > until) return sendSignal(-pid, "SIGKILL");
    await wait(LOOK_EVERY_MS);
  }
}

function isGroupAlive(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch (error) {
    if (hasCode(error, "ESRCH")) return false;
    throw error;
  }
}

function print(service: string, stream: Readable): void {
  createInterface({ input: stream }).on("line", (line) => console.log(`${service.padEnd(11)} | ${line}`));
}
