import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { inheritedEnvironment } from "../inherited-environment-config.ts";
import { waitFor } from "../wait-for.ts";

/** Of this repository. */
export const ROOT = resolve(import.meta.dirname, "../../../..");

/**
 * How Node runs a TypeScript source of this repository. Sources and not `dist`, so that nothing can be tested that was
 * built before the last change; it costs about a second per start.
 */
export const RUN_SOURCE = ["--import", "tsx", "--conditions=@sms-gateway/source"] as const;

/** All settings of a process: nothing is inherited, so that a developer's own environment changes no test. */
export type Settings = Readonly<Record<string, string>>;

export interface ServiceOptions {
  readonly name: string;
  /** Below the repository's root: a TypeScript source, or a built script, which then runs as in production. */
  readonly main: string;
  readonly settings: Settings;
  /** Answers 200 once the service can do its work. */
  readonly readyUrl: string;
  /** Where its output goes, for runs that write much; default: kept in memory. */
  readonly logFile?: string;
  /** Of Node, before the script. */
  readonly nodeArgs?: readonly string[];
}

/** How a process ended, and how long after it was asked to. */
export interface ServiceEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly tookMs: number;
}

/** A service of ours as a child process. ended → (start) → running → (stop, kill, or by itself) → ended, as often as you like. */
export interface Service {
  readonly name: string;
  /** Starts it; resolves when it is ready, rejects when it ends instead. */
  start(): Promise<void>;
  /** SIGTERM; resolves with its end. It is killed after `STOP_TIMEOUT_MS`, which the end then shows. */
  stop(): Promise<ServiceEnd>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: it keeps its connections and does nothing, until `resume`. */
  pause(): void;
  resume(): void;
  /** While it runs. */
  sendSignal(signal: NodeJS.Signals): void;
  isRunning(): boolean;
  /** Everything it has written so far, over all its starts. */
  readOutput(): string;
}

const START_TIMEOUT_MS = 60_000;
/** Longer than any deadline that a test checks. */
const STOP_TIMEOUT_MS = 30_000;

/** Names a service; it runs when started. */
export function createService({ name, main, settings, readyUrl, logFile, nodeArgs = [] }: ServiceOptions): Service {
  const output: string[] = [];
  const runner = main.endsWith(".ts") ? RUN_SOURCE : [];
  let child: ChildProcess | undefined;

  const sendSignal = (signal: NodeJS.Signals): void => {
    if (child === undefined || hasEnded(child)) throw new Error(`${name} is not running`);
    child.kill(signal);
  };

  async function endWith(signal: NodeJS.Signals): Promise<ServiceEnd> {
    const ending = child;
    if (ending === undefined || hasEnded(ending)) throw new Error(`${name} is not running`);
    const askedAtMs = performance.now();
    const killer = setTimeout(() => ending.kill("SIGKILL"), STOP_TIMEOUT_MS);
    const exited = once(ending, "exit");
    ending.kill(signal);
    await exited;
    clearTimeout(killer);
    return { exitCode: ending.exitCode, signal: ending.signalCode, tookMs: performance.now() - askedAtMs };
  }

  return {
    name,
    async start() {
      if (child !== undefined && !hasEnded(child)) throw new Error(`${name} is running already`);
      const log = logFile === undefined ? "pipe" : openSync(logFile, "a");
      const started = spawn(process.execPath, [...runner, ...nodeArgs, main], {
        cwd: ROOT,
        env: { ...inheritedEnvironment(), ...settings },
        stdio: ["ignore", log, log],
      });
      if (typeof log === "number") closeSync(log);
      child = started;
      endWithThisProcess(started);
      for (const stream of [started.stdout, started.stderr]) {
        stream?.setEncoding("utf8").on("data", (text: string) => output.push(text));
      }
      await waitUntilReady(name, started, readyUrl);
    },
    stop: () => endWith("SIGTERM"),
    async kill() {
      await endWith("SIGKILL");
    },
    pause: () => sendSignal("SIGSTOP"),
    resume: () => sendSignal("SIGCONT"),
    sendSignal,
    isRunning: () => child !== undefined && !hasEnded(child),
    readOutput: () => (logFile === undefined ? output.join("") : readFileSync(logFile, "utf8")),
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** A test process that ends early leaves no service behind. */
function endWithThisProcess(child: ChildProcess): void {
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}

async function waitUntilReady(name: string, child: ChildProcess, readyUrl: string): Promise<void> {
  const gaveUp = new AbortController();
  const ended = once(child, "exit", { signal: gaveUp.signal }).then(
    () => Promise.reject(new Error(`${name} ended (code ${child.exitCode}) before it was ready`)),
    (error: unknown) => (gaveUp.signal.aborted ? undefined : Promise.reject(error)),
  );
  const ready = waitFor(async () => (await fetch(readyUrl, { signal: AbortSignal.timeout(2_000) })).ok, {
    timeoutMs: START_TIMEOUT_MS,
    intervalMs: 50,
    what: `${name} to be ready (${readyUrl})`,
  });
  try {
    await Promise.race([ready, ended]);
  } finally {
    gaveUp.abort();
  }
}
