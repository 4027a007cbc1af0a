import { setTimeout as delay } from "node:timers/promises";
import type { EmbeddedPostgresEvent } from "./embedded-postgres-event.ts";
import { killLeftProcesses } from "./find-postmaster.ts";
import { isPortFree } from "./free-port.ts";
import { adoptServer, endServer, launchServer, type RunningServer, StartError } from "./launch-server.ts";
import type { ServerHome } from "./server-home.ts";
import { pruneLogs } from "./server-log.ts";

/** A server that is started again whenever it dies, for as long as it takes, on the same port. */
export type KeptServer = {
  /** Ends it for good, also in the middle of a restart. */
  stop(): Promise<void>;
};

export type KeepingPlan = {
  readonly home: ServerHome;
  readonly port: number;
  readonly onEvent: (event: EmbeddedPostgresEvent) => void;
};

/** Waits before the tries: 0.25, 0.5, 1, 2, 4, 5, 5 … s. */
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 5_000;
/** A server that dies sooner than this after its start is not started again as if nothing had happened. */
const SETTLED_AFTER_MS = 60_000;
const PRUNE_INTERVAL_MS = 60_000;

/** Watches the server from now on. */
export function keepRunning(plan: KeepingPlan, first: RunningServer): KeptServer {
  const stopping = new AbortController();
  const watching = watch(plan, first, stopping.signal);
  // The server rotates its log by itself but removes nothing.
  const pruning = setInterval(() => {
    pruneLogs(plan.home.logs).catch((error: unknown) => {
      plan.onEvent({ event: "log_not_pruned", reason: String(error) });
    });
  }, PRUNE_INTERVAL_MS);
  pruning.unref();
  return {
    stop: async () => {
      clearInterval(pruning);
      stopping.abort();
      const last = await watching;
      if (last !== undefined) await endServer(last);
      await killLeftProcesses(plan.home.clusterName);
    },
  };
}

/** @returns the server that runs when it is time to stop, if one does */
async function watch(plan: KeepingPlan, first: RunningServer, signal: AbortSignal): Promise<RunningServer | undefined> {
  const aborted = new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
  let server: RunningServer | undefined = first;
  let retryAfterMs = RETRY_FIRST_MS;
  while (server !== undefined) {
    const upSince = performance.now();
    const how = await Promise.race([server.ended, aborted]);
    if (how === undefined || signal.aborted) return server;
    const endedAt = performance.now();
    plan.onEvent({ event: "ended", pid: server.pid, how });
    if (endedAt - upSince > SETTLED_AFTER_MS) retryAfterMs = RETRY_FIRST_MS;
    server = undefined;
    for (let failures = 0; server === undefined && (await pause(retryAfterMs, signal)); failures += 1) {
      retryAfterMs = Math.min(retryAfterMs * 2, RETRY_MAX_MS);
      server = await tryRestart(plan, { signal, failures, retryAfterMs });
    }
    if (server !== undefined) {
      plan.onEvent({ event: "restarted", pid: server.pid, afterMs: Math.round(performance.now() - endedAt) });
    }
  }
  return undefined;
}

type Restart = {
  readonly signal: AbortSignal;
  /** How many tries of this outage have failed. */
  readonly failures: number;
  readonly retryAfterMs: number;
};

async function tryRestart(plan: KeepingPlan, restart: Restart): Promise<RunningServer | undefined> {
  const { home, port, onEvent } = plan;
  const { signal, failures, retryAfterMs } = restart;
  try {
    const found = await adoptServer(home, port, { signal, onEvent });
    if (found !== undefined && "isAdopted" in found) return found;
    if (await isPortFree(port)) return await launchAfresh(home, port, signal);
    if (isWorthReporting(failures)) onEvent({ event: "start_failed", reason: describeTakenPort(port), retryAfterMs });
  } catch (error) {
    if (signal.aborted) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    onEvent({ event: "start_failed", reason, retryAfterMs });
  }
  return undefined;
}

/** Kills what keeps the server from starting, for the next try. */
async function launchAfresh(home: ServerHome, port: number, signal: AbortSignal): Promise<RunningServer> {
  try {
    return await launchServer(home, port, signal);
  } catch (error) {
    if (error instanceof StartError && error.obstacle === "old processes") await killLeftProcesses(home.clusterName);
    throw error;
  }
}

/** The address is promised for the life of this process, so another port is no way out. */
function describeTakenPort(port: number): string {
  return (
    `port taken: another program listens on 127.0.0.1:${port}, which the address of the database names for as long as ` +
    "this process lives; end that program, or stop and start this one, which then takes another port"
  );
}

/** It may last for days: the 1st, 2nd, 4th, 8th … failure in a row. */
function isWorthReporting(failures: number): boolean {
  return Number.isInteger(Math.log2(failures + 1));
}

/** @returns whether to go on after it */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  // It rejects for no other reason than the signal.
  const isOver = await delay(ms, true, { signal }).catch(() => false);
  return isOver && !signal.aborted;
}
