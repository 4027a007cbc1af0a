/*
 * A process of the standalone shape, from its start to its end.
 *
 * starting: spawned in a group of its own, with a record under `.data/run`, until every address of it answers 200.
 * ready:    left alone; only its record knows it.
 * stopping: SIGTERM, then its own deadline; what outlives ours is killed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { findProcess, sendSignal, stillAlive } from "@sms-gateway/embedded-postgres";
import type { StartedWith } from "./change-record.ts";
import { startDeadline } from "./deadline.ts";
import type { LocalProgram, ProgramName } from "./local-programs.ts";
import { logFilesOf, tailSince, withOutputFile } from "./log-files.ts";
import { OperatorError } from "./operator-error.ts";
import { type RunRecord, removeRunRecord, writeRunRecord } from "./run-record.ts";
import { describeAwaited, listUnreadyParts, type UnreadyAnswer } from "./unready-answer.ts";

/** What each of them runs; built by `tsc -b`. */
const MAIN_OF: Readonly<Record<ProgramName, string>> = {
  "carrier-lab": "services/carrier-lab/dist/main.js",
  standalone: "services/standalone/dist/main.js",
};
/** More than the 25 s that standalone gives its own end. */
const STOP_WITHIN_MS = 30_000;
const KILL_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;
const ANSWER_WITHIN_MS = 3_000;
/** A usual start is over by then. */
const SAY_EVERY_MS = 5_000;

/** Starts a program in the background, so that it outlives this process and its terminal. */
export async function startProgram(
  root: string,
  program: LocalProgram,
  { environment, startedWith }: { environment: Readonly<Record<string, string>>; startedWith: StartedWith },
): Promise<RunRecord> {
  const { name, ports, readyUrls } = program;
  const startedAt = new Date().toISOString();
  const child = withOutputFile(root, name, (fd) =>
    spawn(process.execPath, ["--enable-source-maps", MAIN_OF[name]], {
      cwd: root,
      env: { ...environment, LOG_FILE: join(root, logFilesOf(name).log) },
      stdio: ["ignore", fd, fd],
      detached: true,
    }),
  );
  await once(child, "spawn");
  child.unref();
  const known = child.pid === undefined ? undefined : await findProcess(child.pid);
  if (known === undefined) throw explainEnd(root, { name, startedAt });
  const record = { name, pid: known.pid, identity: known.identity, startedAt, ports, readyUrls, with: startedWith };
  writeRunRecord(root, record);
  return record;
}

/**
 * Waits until every address of a process answers 200; where that takes long, says what is awaited.
 * @throws OperatorError with its last lines when it ends first, or with what its addresses answer when time is over
 */
export async function awaitReady(root: string, record: RunRecord, deadline: AbortSignal): Promise<void> {
  let sayAtMs = performance.now() + SAY_EVERY_MS;
  let said = "";
  for (;;) {
    const answers = await Promise.all(record.readyUrls.map((url) => ask(url)));
    const faults = answers.flatMap((fault) => fault ?? []);
    if (!(await isAlive(record))) throw explainEnd(root, record);
    if (faults.length === 0) return;
    if (deadline.aborted) {
      const lines = tailSince(root, record).map((line) => `  ${line}`);
      const why = faults.map(({ url, answer }) => `${url} ${answer}`).join("; ");
      throw new OperatorError([`${record.name} runs, but is not ready: ${why}`, ...lines].join("\n"));
    }
    if (performance.now() > sayAtMs) {
      sayAtMs = performance.now() + SAY_EVERY_MS;
      const awaited = describeAwaited(faults);
      if (awaited !== said) console.log(`Waiting for ${record.name}: ${awaited}.`);
      said = awaited;
    }
    await wait(LOOK_EVERY_MS);
  }
}

/** Ends a process; `killed` says that it did not end by itself in time. */
export async function stopProcess(root: string, record: RunRecord): Promise<{ killed: boolean }> {
  if (await isAlive(record)) sendSignal(record.pid, "SIGTERM");
  const killed = !(await hasEnded(record, STOP_WITHIN_MS));
  if (killed) {
    // It alone: its Postgres is asked to end in order after it.
    sendSignal(record.pid, "SIGKILL");
    if (!(await hasEnded(record, KILL_WITHIN_MS))) {
      throw new OperatorError(`${record.name} (process ${record.pid}) does not end, not even by SIGKILL.`);
    }
  }
  removeRunRecord(root, record.name);
  return { killed };
}

async function hasEnded(record: RunRecord, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (await isAlive(record)) {
    if (performance.now() > until) return false;
    await wait(LOOK_EVERY_MS);
  }
  return true;
}

async function isAlive(record: RunRecord): Promise<boolean> {
  return (await stillAlive([record])).length > 0;
}

/** What is wrong with an address; nothing when it answers 200. */
async function ask(url: string): Promise<UnreadyAnswer | undefined> {
  const deadline = startDeadline(ANSWER_WITHIN_MS);
  try {
    const reply = await fetch(url, { signal: deadline.signal });
    const text = await reply.text();
    return reply.ok ? undefined : { url, answer: `answers ${reply.status} ${text}`, parts: listUnreadyParts(text) };
  } catch (error) {
    // What fetch says by itself is that it failed.
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    return { url, answer: `does not answer (${why})`, parts: [] };
  } finally {
    deadline.clear();
  }
}

function explainEnd(root: string, { name, startedAt }: Pick<RunRecord, "name" | "startedAt">): OperatorError {
  const { log, output } = logFilesOf(name);
  const lines = tailSince(root, { name, startedAt }).map((line) => `  ${line}`);
  return new OperatorError([`${name} has ended. Its last lines (${log}, ${output}):`, ...lines].join("\n"));
}
