import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { announce } from "./announce.ts";
import { listChanges, listDropped, recordChangeable } from "./change-record.ts";
import { withCommandLock } from "./command-lock.ts";
import { startDeadline } from "./deadline.ts";
import { listPortsInDocker } from "./docker.ts";
import { generateSecrets, readServiceEnvironment } from "./env-file.ts";
import { awaitReady, startProgram, stopProcess } from "./local-process.ts";
import { type LocalProgram, listProgramNames, listPrograms } from "./local-programs.ts";
import { lastMode, rememberMode } from "./mode.ts";
import { OperatorError } from "./operator-error.ts";
import { refuseTakenPorts } from "./port-owner.ts";
import { refuseWrongSettings } from "./refuse-wrong-settings.ts";
import { listLiving, type RunRecord } from "./run-record.ts";
import { databaseFolder } from "./standalone-database.ts";

/** A first start makes a database; one after a crash under load has to replay what was written last. */
const READY_WITHIN_MS = 240_000;

/**
 * Starts what does not run yet of the standalone shape, waits until it is ready and says where it is. What was started
 * is stopped again when any of it fails, or on a signal.
 *
 * @throws OperatorError
 */
export function upStandalone(
  root: string,
  { why, startedAtMs }: { why: string; startedAtMs: number },
): Promise<number> {
  console.log(`Standalone: gateway and worker in one process, without Docker, since ${why}.`);
  return withCommandLock(root, "up", async () => {
    if (lastMode(root) === "docker" && listPortsInDocker() !== undefined) {
      throw new OperatorError(
        'It runs in Docker Compose already. "make down" stops that (its data stays there); then run this again.',
      );
    }
    const living = await listLiving(root);
    const runs = (name: string): boolean => living.some((record) => record.name === name);
    if (listProgramNames(readServiceEnvironment(root)).every(runs)) return reportRunning(root, living);
    makeSecrets(root);
    const environment = readServiceEnvironment(root);
    await refuseWrongSettings(root, environment);
    const missing = listPrograms(environment).filter(({ name }) => !runs(name));
    await refuseTakenPorts(missing.flatMap((program) => program.ports));
    await build(root);
    rememberMode(root, "standalone");
    await startMissing(root, missing);
    const took = ((Date.now() - startedAtMs) / 1000).toFixed(0);
    describeRunning(root, await listLiving(root), `Ready after ${took} s.`);
    return 0;
  });
}

function makeSecrets(root: string): void {
  const made = generateSecrets(root, { serverPasswords: false });
  if (made.length === 0) return;
  console.log(`Made secrets in .env: ${made.join(", ")}.`);
  if (!existsSync(databaseFolder(root))) return;
  console.log(`The data is older than they are. Unknown now: ids of messages that were accepted and are not recorded yet, and
the callback addresses of messages under way.`);
}

async function build(root: string): Promise<void> {
  console.log("Building …");
  const projects = ["services/standalone", "services/carrier-lab"];
  const tsc = spawn("node_modules/.bin/tsc", ["-b", ...projects], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = await once(tsc, "exit");
  if (code !== 0) throw new OperatorError("The build failed, so nothing was started.");
}

async function startMissing(root: string, missing: readonly LocalProgram[]): Promise<void> {
  const environment = readServiceEnvironment(root);
  const startedWith = recordChangeable(root, environment);
  const deadline = startDeadline(READY_WITHIN_MS);
  let isInterrupted = false;
  function interrupt(): void {
    isInterrupted = true;
    deadline.abort();
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  console.log(`Starting ${missing.map((program) => program.name).join(" and ")} …`);
  const started: RunRecord[] = [];
  try {
    for (const program of missing) started.push(await startProgram(root, program, { environment, startedWith }));
    await awaitAll(root, started, deadline.signal);
  } catch (error) {
    for (const record of started.toReversed()) await stopProcess(root, record);
    if (isInterrupted) throw new OperatorError("Interrupted; what was started is stopped again.");
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError(`${error.message}\nIt did not start; what was started is stopped again.`);
  } finally {
    deadline.clear();
  }
}

async function reportRunning(root: string, living: readonly RunRecord[]): Promise<number> {
  // It may be starting or recovering at this moment.
  const deadline = startDeadline(READY_WITHIN_MS);
  try {
    await awaitAll(root, living, deadline.signal);
  } finally {
    deadline.clear();
  }
  const processes = living.map(({ name, pid, startedAt }) => `${name} (process ${pid}, since ${startedAt})`);
  describeRunning(root, living, `Already running: ${processes.join(", ")}.`);
  return 0;
}

/** Waits for all of them, so that what is wrong with each is told at once. */
async function awaitAll(root: string, records: readonly RunRecord[], deadline: AbortSignal): Promise<void> {
  const results = await Promise.allSettled(records.map((record) => awaitReady(root, record, deadline)));
  const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  const foreign = reasons.find((reason) => !(reason instanceof OperatorError));
  if (foreign !== undefined) throw foreign;
  if (reasons.length > 0) throw new OperatorError(reasons.map((reason: OperatorError) => reason.message).join("\n"));
}

function describeRunning(root: string, living: readonly RunRecord[], title: string): void {
  const environment = readServiceEnvironment(root);
  const ports = living.flatMap((record) => record.ports.map(({ setting, port }) => [setting, `${port}`]));
  announce({ ...environment, ...Object.fromEntries(ports) }, { title, rows: [describeData(environment)] });
  const now = recordChangeable(root, environment);
  const dropped = new Set(living.flatMap((record) => listDropped(record.with, now)));
  const changed = new Set(living.flatMap((record) => listChanges(record.with, now)));
  const changes = [...changed].filter((name) => !dropped.has(name));
  if (dropped.size > 0) {
    console.log(`
Set when it was started and not now: ${[...dropped].join(", ")}. Put it in .env to keep it; else the next start is without.`);
  }
  if (changes.length > 0) {
    console.log(`
Changed since it was started: ${changes.join(", ")}. That takes effect with: make down && make up`);
  }
}

function describeData({ DATABASE_URL, EMBEDDED_POSTGRES_DIR }: Record<string, string>): [string, string] {
  if (DATABASE_URL === undefined) {
    return ["Data", `${EMBEDDED_POSTGRES_DIR ?? ".data/postgres"}   an embedded Postgres; logs are in .data/log`];
  }
  // Without user and password.
  const { host, pathname } = URL.canParse(DATABASE_URL) ? new URL(DATABASE_URL) : { host: "", pathname: "" };
  return ["Data", `the Postgres of DATABASE_URL (${host}${pathname}); logs are in .data/log`];
}
