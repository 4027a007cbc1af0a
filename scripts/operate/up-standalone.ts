import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { announce } from "./announce.ts";
import { listChanges, recordChangeable } from "./change-record.ts";
import { withCommandLock } from "./command-lock.ts";
import { runsInDocker } from "./docker.ts";
import { generateSecrets, readServiceEnvironment } from "./env-file.ts";
import { awaitReady, startProgram, stopProcess } from "./local-process.ts";
import { type LocalProgram, listPrograms } from "./local-programs.ts";
import { lastMode, rememberMode } from "./mode.ts";
import { OperatorError } from "./operator-error.ts";
import { refuseTakenPorts } from "./port-owner.ts";
import { listLiving, type RunRecord } from "./run-record.ts";
import { databaseFolder } from "./standalone-database.ts";

/** A first start makes a database; one after a crash under load has to replay what was written last. */
const READY_WITHIN_MS = 120_000;

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
    if (lastMode(root) === "docker" && runsInDocker()) {
      throw new OperatorError(
        'It runs in Docker Compose already. "make down" stops that (its data stays there); then run this again.',
      );
    }
    const living = await listLiving(root);
    const programs = listPrograms(readServiceEnvironment(root));
    const missing = programs.filter((program) => !living.some((record) => record.name === program.name));
    if (missing.length === 0) return reportRunning(root, living);
    await refuseTakenPorts(missing.flatMap((program) => program.ports));
    await build(root);
    const made = generateSecrets(root, { serverPasswords: false });
    if (made.length > 0) {
      console.log(`Made secrets in .env: ${made.join(", ")}.`);
      if (existsSync(databaseFolder(root))) {
        console.log(
          "The data is older than they are: message ids and callback addresses given out before are strangers now.",
        );
      }
    }
    rememberMode(root, "standalone");
    await startMissing(root, missing);
    const took = ((Date.now() - startedAtMs) / 1000).toFixed(0);
    describeRunning(root, await listLiving(root), `Ready after ${took} s.`);
    return 0;
  });
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
  // After the secrets were made.
  const environment = readServiceEnvironment(root);
  const startedWith = recordChangeable(root, environment);
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  console.log(`Starting ${missing.map((program) => program.name).join(" and ")} …`);
  const started: RunRecord[] = [];
  try {
    for (const program of missing) started.push(await startProgram(root, program, { environment, startedWith }));
    const deadline = AbortSignal.any([AbortSignal.timeout(READY_WITHIN_MS), interrupted.signal]);
    await Promise.all(started.map((record) => awaitReady(root, record, deadline)));
  } catch (error) {
    for (const record of started.toReversed()) await stopProcess(root, record);
    if (interrupted.signal.aborted) throw new OperatorError("Interrupted; what was started is stopped again.");
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError(`${error.message}\nIt did not start; what was started is stopped again.`);
  }
}

async function reportRunning(root: string, living: readonly RunRecord[]): Promise<number> {
  // It may be starting or recovering at this moment.
  const deadline = AbortSignal.timeout(READY_WITHIN_MS);
  await Promise.all(living.map((record) => awaitReady(root, record, deadline)));
  const processes = living.map(({ name, pid, startedAt }) => `${name} (process ${pid}, since ${startedAt})`);
  describeRunning(root, living, `Already running: ${processes.join(", ")}.`);
  return 0;
}

function describeRunning(root: string, living: readonly RunRecord[], title: string): void {
  const environment = readServiceEnvironment(root);
  const ports = living.flatMap((record) => record.ports.map(({ setting, port }) => [setting, `${port}`]));
  announce({ ...environment, ...Object.fromEntries(ports) }, { title, rows: [describeData(environment)] });
  const now = recordChangeable(root, environment);
  const changes = new Set(living.flatMap((record) => listChanges(record.with, now)));
  if (changes.size === 0) return;
  console.log(`
Changed since it was started: ${[...changes].join(", ")}. That takes effect with: make down && make up`);
}

function describeData({ DATABASE_URL, EMBEDDED_POSTGRES_DIR }: Record<string, string>): [string, string] {
  if (DATABASE_URL === undefined) {
    return ["Data", `${EMBEDDED_POSTGRES_DIR ?? ".data/postgres"}   an embedded Postgres; logs are in .data/log`];
  }
  // Without user and password.
  const { host, pathname } = URL.canParse(DATABASE_URL) ? new URL(DATABASE_URL) : { host: "", pathname: "" };
  return ["Data", `the Postgres of DATABASE_URL (${host}${pathname}); logs are in .data/log`];
}
