import { readdir, readFile, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { hasCode } from "@sms-gateway/embedded-postgres";
import { countOffered, type LongRun } from "../long.ts";
import type { ScenarioResult } from "../run-scenario.ts";
import { SCENARIOS } from "../scenarios/scenarios.ts";
import { RUN_SETTINGS } from "../world/base-settings.ts";
import { formatTable } from "./format-table.ts";

const BEGIN = "<!-- written by make chaos ARGS=--report -->";
const END = "<!-- end of what is written -->";
const GIB = 1024 ** 3;

export interface ReportPlaces {
  /** Where results are kept. */
  readonly folder: string;
  /** The document; what stands outside of the two marks in it stays. */
  readonly file: string;
  /** pnpm's lock file, which has the versions of the packages. */
  readonly lockFile: string;
}

/** Those that talk to servers and providers, and carry the requests. */
const PACKAGES = ["fastify", "amqplib", "ioredis", "pg", "@prisma/client", "undici", "twilio", "pino"] as const;

/** Writes the results of long runs and of each scenario, the newest of each, between the marks of the document. */
export async function writeReport({ folder, file, lockFile }: ReportPlaces): Promise<void> {
  const before = await readFile(file, "utf8");
  const [head, rest] = before.split(BEGIN);
  const [, tail] = rest?.split(END) ?? [];
  if (head === undefined || tail === undefined) throw new Error(`${file} has no place for the results: ${BEGIN}`);
  const longRuns: LongRun[] = await readResults(folder, /^long-\d+\.json$/);
  const scenarios: ScenarioResult[] = await readResults(join(folder, "results"), /\.json$/);
  const packages = listVersions(await readFile(lockFile, "utf8"));
  const results = formatResults(longRuns, scenarios, packages);
  await writeFile(file, `${head}${BEGIN}\n\n${results}\n\n${END}${tail}`);
}

/** `name version` of each package, from the lock file's catalog. */
function listVersions(lock: string): string[] {
  return PACKAGES.map((name) => {
    const [, version] =
      new RegExp(`^    '?${name}'?:\n      specifier: .*\n      version: (.*)$`, "m").exec(lock) ?? [];
    if (version === undefined) throw new Error(`the lock file names no version of ${name}`);
    return `${name} ${version}`;
  });
}

async function readResults<T>(folder: string, names: RegExp): Promise<T[]> {
  const files = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  const chosen = files.filter((name) => names.test(name)).sort();
  return Promise.all(chosen.map(async (name): Promise<T> => JSON.parse(await readFile(join(folder, name), "utf8"))));
}

function formatResults(
  longRuns: readonly LongRun[],
  scenarios: readonly ScenarioResult[],
  packages: readonly string[],
): string {
  const order = SCENARIOS.map(({ name }) => name);
  const newest = new Map(scenarios.toSorted((a, b) => a.at.localeCompare(b.at)).map((run) => [run.scenario, run]));
  const unclean = scenarios.filter((run) => run.problems.length > 0);
  const sorted = [...new Set([...newest.values(), ...unclean])].sort(
    (a, b) => order.indexOf(a.scenario) - order.indexOf(b.scenario),
  );
  const servers = new Set([...longRuns.flatMap(({ pieces }) => pieces), ...scenarios].flatMap((run) => run.servers));
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${(totalmem() / GIB).toFixed(0)} GiB`;
  return [
    `Machine: ${machine}; Node ${process.version}; ${[...servers].join(", ")}; ${packages.join(", ")}.`,
    `Set otherwise than by default: ${Object.entries(RUN_SETTINGS)
      .map(([name, value]) => `\`${name}=${value}\``)
      .join(", ")}.`,
    "## A million messages over a random schedule",
    ...longRuns.map(formatLongRun),
    "## Each scenario alone",
    `The newest run of each, and every one that was not clean; commits ${[...new Set(sorted.map(({ commit }) => commit))].join(", ")}; ` +
      `${[...new Set(sorted.map(formatPace))].join(", ")}.`,
    formatTable(sorted),
  ].join("\n\n");
}

function formatPace({ messagesPerSecond, ttlS }: ScenarioResult): string {
  return `${messagesPerSecond} messages per second with a time to live of ${ttlS} s`;
}

function formatLongRun(run: LongRun): string {
  const { seed, commit, node, messages, settings, pieces } = run;
  const unclean = pieces.filter(({ problems }) => problems.length > 0).length;
  const verdict = unclean === 0 ? "clean" : `${unclean} of ${pieces.length} pieces are not clean`;
  const faults = pieces.reduce((sum, { disturbances }) => sum + disturbances.length, 0);
  return [
    `### Seed ${seed}: ${verdict}${countOffered(run) < messages ? `, and unfinished (of ${messages} messages)` : ""}`,
    `Commit ${commit}, Node ${node}, ${settings.messagesPerSecond} messages per second, time to live ${settings.ttlS} s. ` +
      `${countOffered(run)} messages in ${pieces.length} pieces, ${faults} faults.`,
    formatTable(pieces),
  ].join("\n\n");
}
