import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { askPostgres } from "./ask-postgres.ts";
import type { EmbeddedPostgresEvent } from "./embedded-postgres-event.ts";
import { endProcesses, type KnownProcess } from "./end-processes.ts";
import { findPostmaster, readPostmasterPid, removeLeftPidFile } from "./find-postmaster.ts";
import { findProcess, stillAlive } from "./process-table.ts";
import { serverCommand } from "./server-command.ts";
import { SERVICE_NAME, type ServerHome } from "./server-home.ts";
import { pruneLogs, readLogTail } from "./server-log.ts";
import { commandAs, SERVER_ENVIRONMENT } from "./server-user.ts";

/** A server that answers. */
export type RunningServer = KnownProcess & {
  readonly isAdopted: boolean;
  /** Resolves when its postmaster has ended, with how: a signal or an exit code where that can be told. */
  readonly ended: Promise<string>;
};

/** Why a server did not start: what the next try can do something about, and the rest. */
export type StartObstacle = "port taken" | "old processes" | "another postmaster" | "other";

/** A start that failed; the message shows the end of the server's log. */
export class StartError extends Error {
  readonly obstacle: StartObstacle;
  constructor(message: string) {
    super(message);
    this.name = "StartError";
    this.obstacle = OBSTACLES.find(([pattern]) => pattern.test(message))?.[1] ?? "other";
  }
}

/** Postgres has only words for these (LC_ALL=C keeps them English). */
const OBSTACLES: readonly (readonly [RegExp, StartObstacle])[] = [
  [/pre-existing shared memory block .* is still in use/, "old processes"],
  [/lock file "postmaster\.pid" already exists/, "another postmaster"],
  [/Address already in use|could not create any TCP\/IP sockets/, "port taken"],
];

/** Without any answer. A server that says that it is still starting is given more: */
const SILENCE_MAX_MS = 60_000;
/** replaying the log after a power loss reads and writes gigabytes, and starts from the beginning when interrupted. */
const RECOVERY_MAX_MS = 15 * 60_000;
/** One that has been running answers at once, or hangs. */
const ORPHAN_SILENCE_MAX_MS = 5_000;
const ASK_INTERVAL_MS = 25;
const WATCH_INTERVAL_MS = 500;
const FAST_SHUTDOWN_MS = 20_000;
/** Postgres itself kills processes that have not ended 5 s after the order for an immediate shutdown. */
const IMMEDIATE_SHUTDOWN_MS = 8_000;

/**
 * Starts a server in a process group of its own: Ctrl-C in the terminal reaches only its starter, which stops it in
 * order, and it outlives a starter that is killed.
 * @throws StartError
 */
export async function launchServer(home: ServerHome, port: number, signal: AbortSignal): Promise<RunningServer> {
  await pruneLogs(home.logs);
  const startLog = join(home.dataDir, "start.log");
  const startedMs = Date.now();
  const child = await spawnServer(home, port, startLog);
  const ended = endOf(child);
  const pid = child.pid ?? 0;
  const server = { pid, identity: (await findProcess(pid))?.identity ?? "ended", isAdopted: false, ended };
  const outcome = await untilAnswering(server, { home, port, silenceMaxMs: SILENCE_MAX_MS, signal });
  if (outcome === "ready") return server;
  await endServer(server);
  const tail = await readLogTail(startLog, home.logs, startedMs);
  throw new StartError(`Postgres on port ${port} did not start: it ${outcome}\nIts log ends:\n${tail}`);
}

export type Adoption = {
  readonly signal: AbortSignal;
  readonly onEvent: (event: EmbeddedPostgresEvent) => void;
};

/**
 * Takes over the server that a killed process has left running on this data, if it is just what would be started now
 * (same programs, same settings, same port) and answers.
 * Only for the owner of the data folder.
 * @returns undefined when none runs; or why one was not taken over and has been shut down
 */
export async function adoptServer(
  home: ServerHome,
  port: number | undefined,
  { signal, onEvent }: Adoption,
): Promise<RunningServer | { readonly pid: number; readonly refusedBecause: string } | undefined> {
  const left = await findPostmaster(home.cluster);
  if (left === undefined) {
    await removeLeftPidFile(home.cluster);
    return undefined;
  }
  const server = { pid: left.pid, identity: left.identity, isAdopted: true, ended: untilGone(left, onEvent) };
  const isSame = port !== undefined && left.command === (await serverCommand(home, port)).join(" ");
  const outcome = isSame
    ? await untilAnswering(server, { home, port, silenceMaxMs: ORPHAN_SILENCE_MAX_MS, signal })
    : "runs with other programs or settings";
  if (outcome === "ready") return server;
  await endServer(left);
  return { pid: left.pid, refusedBecause: `it ${outcome}` };
}

/**
 * Ends a server: open transactions are rolled back ("fast shutdown"), after 20 s it stops as if power had failed,
 * which the next start makes good, and then it is killed. Returns when no process of it is left.
 */
export function endServer(server: KnownProcess): Promise<void> {
  return endProcesses(
    [server],
    [
      { signal: "SIGINT", graceMs: FAST_SHUTDOWN_MS },
      { signal: "SIGQUIT", graceMs: IMMEDIATE_SHUTDOWN_MS },
    ],
  );
}

async function spawnServer(home: ServerHome, port: number, startLog: string): Promise<ChildProcess> {
  const [program, ...args] = await serverCommand(home, port);
  const command = commandAs(home.runAs, program, args);
  // Anew each time, whoever wrote the last one; once the server is up it writes into files that it rotates itself.
  await rm(startLog, { force: true });
  const log = await open(startLog, "w", 0o600);
  try {
    const child = spawn(command.program, command.args, {
      cwd: home.cluster,
      env: SERVER_ENVIRONMENT,
      detached: true,
      stdio: ["ignore", log.fd, log.fd, home.lockFd ?? "ignore"],
      ...command.runAs,
    });
    await once(child, "spawn");
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

type Waiting = {
  readonly home: ServerHome;
  readonly port: number;
  readonly silenceMaxMs: number;
  readonly signal: AbortSignal;
};

/** @returns "ready", or what the server did instead, as the end of a sentence about it */
async function untilAnswering(
  server: KnownProcess & { readonly ended: Promise<string> },
  { home, port, silenceMaxMs, signal }: Waiting,
): Promise<string> {
  const startedAt = performance.now();
  let lastSignOfLife = startedAt;
  let ending: string | undefined;
  void server.ended.then((how) => {
    ending = how;
  });
  for (;;) {
    const now = performance.now();
    // Somebody else could answer on that port while ours fails to get it.
    const isOurs = (await readPostmasterPid(home.cluster)) === server.pid;
    const answer = isOurs ? await askPostgres(port, SERVICE_NAME) : "silent";
    if (ending !== undefined) return `ended with ${ending}`;
    if (answer === "ready") return answer;
    if (signal.aborted) return "was called off";
    if (answer === "starting") lastSignOfLife = now;
    if (now - lastSignOfLife > silenceMaxMs) return `did not answer for ${silenceMaxMs} ms`;
    if (now - startedAt > RECOVERY_MAX_MS) return `was not ready after ${RECOVERY_MAX_MS} ms`;
    await delay(ASK_INTERVAL_MS);
  }
}

function endOf(child: ChildProcess): Promise<string> {
  const describe = () => child.signalCode ?? `exit code ${child.exitCode}`;
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(describe());
  return new Promise((resolve) => child.once("exit", () => resolve(describe())));
}

/**
 * Only a parent is told of an end; for a server of somebody else's the process table is asked. Where that cannot be
 * read for a while (no descriptors left, a slow `ps`), the server counts as alive; the first such failure is reported.
 */
async function untilGone(server: KnownProcess, onEvent: Adoption["onEvent"]): Promise<string> {
  let isReported = false;
  const looksAlive = async () => {
    try {
      return (await stillAlive([server])).length > 0;
    } catch (error) {
      if (!isReported) onEvent({ event: "watch_failed", pid: server.pid, reason: String(error) });
      isReported = true;
      return true;
    }
  };
  while (await looksAlive()) {
    // Watching keeps nobody alive.
    await delay(WATCH_INTERVAL_MS, undefined, { ref: false });
  }
  return "an unknown signal or exit code";
}
