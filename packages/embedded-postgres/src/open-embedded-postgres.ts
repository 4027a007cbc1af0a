import { mkdir, realpath } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { EmbeddedPostgresEvent } from "./embedded-postgres-event.ts";
import { killLeftProcesses } from "./find-postmaster.ts";
import { refuseFolderOfOthers } from "./folder-contents.ts";
import { type FolderOwner, ownFolder } from "./folder-owner.ts";
import { findFreePort, isPortFree } from "./free-port.ts";
import { keepRunning } from "./keep-running.ts";
import { adoptServer, launchServer, type RunningServer, StartError } from "./launch-server.ts";
import { addressOf, filesOf, openServerHome, type ServerHome } from "./server-home.ts";
import { readDurable, writeDurably } from "./write-durably.ts";

export type EmbeddedPostgresOptions = {
  /** Holds data, password, port and logs, and nothing of anybody else's; made when missing. */
  readonly dataDir: string;
  readonly onEvent?: (event: EmbeddedPostgresEvent) => void;
};

/** A private Postgres on 127.0.0.1 with a database and user `sms`. */
export type EmbeddedPostgres = {
  /** With user, password and database. Stays the same while this process lives, restarts included. */
  readonly url: string;
  readonly port: number;
  /** Such as "18.4". */
  readonly version: string;
  /** Whether it was found running. */
  readonly isAdopted: boolean;
  /** Rolls back what is open and ends it, within half a minute by force; resolves when no process of it is left. */
  stop(): Promise<void>;
};

/** How long old processes may take to let go of the data, and the port to be found, before the start is given up. */
const START_TRIES_MS = 30_000;
const TRY_INTERVAL_MS = 250;

/**
 * Opens the private Postgres of a data folder.
 *
 * States: absent → (first start: cluster made aside, renamed when whole) stopped → running → (stop) stopped; running →
 * (it dies) restarting → running; running → (this process is killed) orphaned → (next start) running, adopted or ended
 * and started anew. The trade: the server is no child that dies with its parent, so that a `kill -9` of the gateway
 * costs no crash recovery; in return a folder has one owner at a time, and its next one looks for what was left.
 *
 * @throws Error when another process has the folder open, when it holds something else, when Postgres cannot run here, or does not start
 */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(options.dataDir);
  await refuseFolderOfOthers(dataDir);
  const owner = await ownFolder(dataDir);
  try {
    return await openOwned(dataDir, owner, options.onEvent ?? (() => undefined));
  } catch (error) {
    await owner.release();
    throw error;
  }
}

async function openOwned(
  dataDir: string,
  owner: FolderOwner,
  onEvent: (event: EmbeddedPostgresEvent) => void,
): Promise<EmbeddedPostgres> {
  const home = await openServerHome(dataDir, owner.lockFd);
  const { port, server } = await startFirst(home, onEvent);
  const kept = keepRunning({ home, port, onEvent }, server);
  const url = addressOf(port, home.password);
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await kept.stop();
    await owner.release();
  };
  return {
    ...{ url, port, version: home.version, isAdopted: server.isAdopted },
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

type Started = { readonly port: number; readonly server: RunningServer };

async function startFirst(home: ServerHome, onEvent: (event: EmbeddedPostgresEvent) => void): Promise<Started> {
  const never = new AbortController().signal;
  const deadline = performance.now() + START_TRIES_MS;
  for (;;) {
    const remembered = await readPort(home);
    const found = await adoptServer(home, remembered, { signal: never, onEvent });
    if (found !== undefined && "isAdopted" in found && remembered !== undefined) {
      onEvent({ event: "adopted", pid: found.pid });
      return { port: remembered, server: found };
    }
    if (found !== undefined && "refusedBecause" in found) {
      onEvent({ event: "orphan_ended", pid: found.pid, reason: found.refusedBecause });
    }
    const port = await choosePort(home, remembered, onEvent);
    try {
      return { port, server: await launchServer(home, port, never) };
    } catch (error) {
      if (!(error instanceof StartError) || error.obstacle === "other" || performance.now() > deadline) throw error;
      onEvent({ event: "start_failed", reason: error.message, retryAfterMs: TRY_INTERVAL_MS });
      await delay(TRY_INTERVAL_MS);
      if (error.obstacle === "old processes") await killLeftProcesses(home.clusterName);
    }
  }
}

/** The port of the last start, or a new one when it was taken by somebody else meanwhile. */
async function choosePort(
  home: ServerHome,
  remembered: number | undefined,
  onEvent: (event: EmbeddedPostgresEvent) => void,
): Promise<number> {
  if (remembered !== undefined && (await isPortFree(remembered))) return remembered;
  const port = await findFreePort();
  await writeDurably(filesOf(home.dataDir).port, `${port}\n`, home.runAs);
  if (remembered !== undefined) onEvent({ event: "port_changed", from: remembered, to: port });
  return port;
}

async function readPort(home: ServerHome): Promise<number | undefined> {
  const text = await readDurable(filesOf(home.dataDir).port);
  return text !== undefined && /^\d{4,5}$/.test(text) ? Number(text) : undefined;
}
