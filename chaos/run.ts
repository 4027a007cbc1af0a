/**
 * `make chaos`: breaks the whole product under load and judges from outside what became of every message. Without
 * arguments every scenario runs, one after the other. `make chaos ARGS="--scenario kill-worker --seed 7"` runs one;
 * `--list` names them. `--short` is a random schedule of what happens most often, for both shapes. `--long` is a million
 * messages over a random schedule; it stops by itself before `--minutes` are over, and goes on when it is called again
 * with the same seed. `--report` writes what is known into docs/reliability-report.md. The exit code is 0 only if no run
 * had a problem.
 */
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "@sms-gateway/testkit";
import { countOffered, runLong } from "./long.ts";
import { formatTable } from "./report/format-table.ts";
import { writeReport } from "./report/write-report.ts";
import { describeFailure, type RunOptions, runScenario, type ScenarioResult } from "./run-scenario.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { SCENARIOS } from "./scenarios/scenarios.ts";
import { withRunFolder } from "./with-run-folder.ts";
import { MAY_OPEN_DISKS } from "./world/open-disks.ts";

const FOLDER = join(ROOT, ".data", "chaos");
const PROBLEMS_SHOWN = 20;
const DEFAULT_MESSAGES = 20_000;
const SHORT = ["short", "standalone-short"] as const;
const NOT_ALONE = new Set<string>(SHORT);
const LONG_MESSAGES = 1_000_000;
const SEED_MAX = 1_000_000;
/** Longer than anything has to wait for but a lease. */
const SLOW_RECOVERY_S = 25;

const { values: wanted } = parseArgs({
  options: {
    list: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    long: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    scenario: { type: "string", multiple: true },
    seed: { type: "string" },
    messages: { type: "string" },
    rate: { type: "string", default: "200" },
    ttl: { type: "string", default: "600" },
    times: { type: "string" },
    minutes: { type: "string", default: "10" },
  },
});

const seed = wanted.seed === undefined ? Math.floor(Math.random() * SEED_MAX) : Number(wanted.seed);
const settings = { messagesPerSecond: Number(wanted.rate), ttlS: Number(wanted.ttl) };

process.exitCode = await act();

async function act(): Promise<number> {
  if (wanted.list) return list();
  if (wanted.report) return report();
  if (wanted.long) return runLongPieces();
  if (wanted.short) return runAll(SHORT.map(findScenario));
  return runAll(wanted.scenario?.map(findScenario) ?? SCENARIOS.filter(isPossible));
}

function list(): number {
  for (const { name, description } of SCENARIOS) console.log(`${name.padEnd(26)} ${description}`);
  return 0;
}

async function report(): Promise<number> {
  const file = join(ROOT, "docs", "reliability-report.md");
  await writeReport({ folder: FOLDER, file, lockFile: join(ROOT, "pnpm-lock.yaml") });
  console.log(`written: ${file}`);
  return 0;
}

async function runLongPieces(): Promise<number> {
  const messages = Number(wanted.messages ?? LONG_MESSAGES);
  const wish = { seed, messages, settings, minutes: Number(wanted.minutes), folder: FOLDER };
  const run = await runLong(wish, (piece) =>
    runOne(findScenario(piece.scenario), { seed: piece.seed, messages: piece.messages, schedule: piece.schedule }),
  );
  console.log(`\n${formatTable(run.pieces)}\n`);
  const left = messages - countOffered(run);
  if (left > 0) console.log(`${left} messages are left: make chaos ARGS="--long --seed ${seed}" goes on`);
  return tell(run.pieces);
}

async function runAll(scenarios: readonly Scenario[]): Promise<number> {
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    const result = await runOne(scenario, {
      seed,
      ...(wanted.messages !== undefined && { messages: Number(wanted.messages) }),
      ...(wanted.times !== undefined && { times: Number(wanted.times) }),
    });
    results.push(result);
    const folder = join(FOLDER, "results");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${scenario.name}-${seed}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
  }
  console.log(`\n${formatTable(results)}\n`);
  return tell(results);
}

function tell(results: readonly ScenarioResult[]): number {
  const unclean = results.filter(({ problems }) => problems.length > 0);
  console.log(`${results.length - unclean.length} of ${results.length} runs are clean; details are in ${FOLDER}`);
  return unclean.length === 0 ? 0 : 1;
}

function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`there is no scenario ${name}; --list names them`);
  return found;
}

function isPossible(scenario: Scenario): boolean {
  if (NOT_ALONE.has(scenario.name)) return false;
  const needsDisks = scenario.shape === "docker" && scenario.smallDisks === true;
  if (needsDisks && !MAY_OPEN_DISKS) console.log(`${scenario.name}: left out, it needs root on Linux for small disks`);
  return !needsDisks || MAY_OPEN_DISKS;
}

async function runOne(
  scenario: Scenario,
  amounts: Pick<RunOptions, "seed"> & Partial<RunOptions>,
): Promise<ScenarioResult> {
  console.log(`\n${scenario.name} (seed ${amounts.seed}): ${scenario.description}`);
  return withRunFolder(FOLDER, async ({ path }) => {
    const options: RunOptions = {
      messages: DEFAULT_MESSAGES,
      ...settings,
      ...amounts,
      folder: path,
      say: (text) => console.log(`  ${text}`),
    };
    const result = await runScenario(scenario, options).catch((error: unknown) =>
      describeFailure(scenario, options, error),
    );
    const { problems } = result;
    for (const problem of problems.slice(0, PROBLEMS_SHOWN)) console.log(`  PROBLEM ${problem}`);
    if (problems.length > PROBLEMS_SHOWN) console.log(`  … and ${problems.length - PROBLEMS_SHOWN} more`);
    if (problems.length > 0 || wasSlow(result)) {
      console.log(`  logs and inbox: ${await keepLogs(path, `${scenario.name}-${amounts.seed}`)}`);
    }
    return result;
  });
}

/** No problem, and worth a look. */
function wasSlow({ disturbances }: ScenarioResult): boolean {
  return disturbances.some(({ recoveryS = 0 }) => recoveryS > SLOW_RECOVERY_S);
}

/** Moves what processes wrote out of the run's folder, which is removed. */
async function keepLogs(from: string, name: string): Promise<string> {
  const to = join(FOLDER, "unclean", name);
  await mkdir(to, { recursive: true });
  for (const file of await readdir(from)) {
    if (file.endsWith(".log") || file.endsWith(".jsonl")) await rename(join(from, file), join(to, file));
  }
  return to;
}
