import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  endProcesses,
  findProcess,
  hasCode,
  identifySelf,
  isPortFree,
  type KnownProcess,
  killTree,
  listProcesses,
  sendSignal,
  stillAlive,
  treeOf,
} from "@sms-gateway/embedded-postgres";
import { waitFor } from "../wait-for.ts";
import type { ServerControls } from "./running-server.ts";
import { endStaleServer, readRecord, removeServer, writeRecord } from "./server-record.ts";

/** One process of a server. */
export type ProcessPlan = {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Whom to run as, for a program that refuses root. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
};

/** How a server is started and stopped. */
export type ServerPlan = {
  readonly name: string;
  readonly dataDir: string;
  readonly port: number;
  /** Started in order; the last one is the server itself, those before it serve it. */
  readonly processes: readonly ProcessPlan[];
  /** Resolves once the server answers, rejects while it does not; asked again and again. */
  readonly isReady: () => Promise<void>;
  readonly stopSignal: NodeJS.Signals;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
};

type LaunchedProcess = KnownProcess & { readonly program: string; ending?: string };
type Supervision = { readonly plan: ServerPlan; launched: LaunchedProcess[] };

const LOG_TAIL_LINES = 30;
const READY_INTERVAL_MS = 50;
const PORT_TIMEOUT_MS = 2_000;

/** The controls of a server that runs from programs on this machine; see `ServerControls` for its states. */
export function superviseServer(plan: ServerPlan): ServerControls {
  const server: Supervision = { plan, launched: [] };
  const controls: ServerControls = {
    start: () => startSupervised(server),
    stop: () => stopSupervised(server),
    kill: async () => {
      await killTree(await stillAlive(server.launched));
      await forget(server);
    },
    pause: () => signalTree(server, "SIGSTOP"),
    resume: () => signalTree(server, "SIGCONT"),
    restart: async () => {
      await stopSupervised(server);
      await startSupervised(server);
    },
    remove: async () => {
      await killTree(await stillAlive(server.launched));
      await removeServer(plan.dataDir);
    },
  };
  return controls;
}

async function startSupervised(server: Supervision): Promise<void> {
  const { plan } = server;
  if ((await stillAlive(server.launched)).length > 0) return;
  await mkdir(plan.dataDir, { recursive: true });
  await endStaleServer(plan.dataDir, plan.stopSignal);
  await remember(server, []);
  await expectPortFree(plan);
  const logPath = join(plan.dataDir, "server.log");
  const logStart = await sizeOf(logPath);
  server.launched = [];
  const startedAt = performance.now();
  try {
    for (const process of plan.processes) {
      server.launched.push(await launch(process, plan.name, logPath));
      // At once, so that a later run finds it even if this one is killed the next moment.
      await remember(server, server.launched);
    }
    await untilReady(server);
  } catch (error) {
    await killTree(await stillAlive(server.launched));
    const afterS = ((performance.now() - startedAt) / 1000).toFixed(1);
    const reason = error instanceof Error ? error.message : String(error);
    const tail = await readTail(logPath, logStart);
    throw new Error(`${plan.name} did not start (after ${afterS} s): ${reason}\nIts log ends:\n${tail}`, {
      cause: error,
    });
  }
  // Children too: they outlive a server program that is killed alone.
  const pids = server.launched.map(({ pid }) => pid);
  await remember(server, treeOf(await listProcesses(), pids));
}

/**
 * Else whoever listens there would answer in place of our server, which cannot, and be taken for it. Waits a little:
 * somebody who looks for a free port holds each for a moment.
 */
async function expectPortFree({ name, port }: ServerPlan): Promise<void> {
  try {
    await waitFor(() => isPortFree(port), { timeoutMs: PORT_TIMEOUT_MS, what: `port ${port}` });
  } catch (error) {
    throw new Error(`${name} cannot start: the port is in use`, { cause: error });
  }
}

async function untilReady({ plan, launched }: Supervision): Promise<void> {
  const outcome = await waitFor(
    async () => {
      const ended = launched.find(({ ending }) => ending !== undefined);
      if (ended !== undefined) return ended;
      await plan.isReady();
      return "ready" as const;
    },
    { timeoutMs: plan.startTimeoutMs, intervalMs: READY_INTERVAL_MS, what: `${plan.name} to answer` },
  );
  if (outcome !== "ready") throw new Error(`${outcome.program} ended by itself with ${outcome.ending}`);
}

async function stopSupervised(server: Supervision): Promise<void> {
  const alive = await stillAlive(server.launched);
  const main = alive.find(({ pid }) => pid === server.launched.at(-1)?.pid);
  // A frozen process takes no signal but SIGKILL.
  await signalTree(server, "SIGCONT");
  const { stopSignal, stopTimeoutMs } = server.plan;
  if (main !== undefined) await endProcesses([main], [{ signal: stopSignal, graceMs: stopTimeoutMs }]);
  await killTree(await stillAlive(server.launched));
  await forget(server);
}

async function signalTree(server: Supervision, signal: NodeJS.Signals): Promise<void> {
  const pids = (await stillAlive(server.launched)).map(({ pid }) => pid);
  // Roots first: a frozen parent forks no further children.
  for (const pid of pids) sendSignal(pid, signal);
  for (const { pid } of treeOf(await listProcesses(), pids)) sendSignal(pid, signal);
}

async function launch(plan: ProcessPlan, name: string, logPath: string): Promise<LaunchedProcess> {
  const log = await open(logPath, "a");
  try {
    const child = spawn(plan.program, plan.args, {
      cwd: plan.cwd,
      env: plan.env,
      // A process group of its own: Ctrl-C in the terminal reaches the runner, which then stops its servers in order.
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      ...plan.runAs,
    });
    await once(child, "spawn");
    child.unref();
    const pid = child.pid ?? 0;
    const launched: LaunchedProcess = {
      pid,
      identity: (await findProcess(pid))?.identity ?? "ended",
      program: plan.program,
    };
    const noteEnding = () => {
      launched.ending = child.signalCode ?? `exit code ${child.exitCode}`;
    };
    if (child.exitCode !== null || child.signalCode !== null) noteEnding();
    else child.once("exit", noteEnding);
    return launched;
  } catch (error) {
    throw new Error(`cannot run ${plan.program} for ${name}`, { cause: error });
  } finally {
    await log.close();
  }
}

async function remember({ plan }: Supervision, processes: readonly KnownProcess[]): Promise<void> {
  await writeRecord(plan.dataDir, {
    owner: await identifySelf(),
    processes: processes.map(({ pid, identity }) => ({ pid, identity })),
  });
}

async function forget(server: Supervision): Promise<void> {
  server.launched = [];
  const record = await readRecord(server.plan.dataDir);
  if (record !== undefined) await writeRecord(server.plan.dataDir, { ...record, processes: [] });
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return 0;
    throw error;
  }
}

async function readTail(path: string, fromByte: number): Promise<string> {
  const written = (await readFile(path)).subarray(fromByte).toString("utf8").trimEnd();
  return written === "" ? "(empty)" : written.split("\n").slice(-LOG_TAIL_LINES).join("\n");
}
