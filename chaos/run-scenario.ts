import { setTimeout as delay } from "node:timers/promises";
import { judge, type Verdict } from "./judge/judge.ts";
import { countQuota, type QuotaCount, readBooks } from "./judge/judge-counters.ts";
import { listProblems } from "./judge/list-problems.ts";
import { readDeadLetters, readEvidence, waitUntilSettled } from "./judge/read-evidence.ts";
import { planRequests } from "./load/plan-request.ts";
import { openProbe, type Probe } from "./load/probe.ts";
import { type ClientRequest, startLoad } from "./load/run-clients.ts";
import { type ReadCount, startReaders } from "./load/run-readers.ts";
import { createRandom, type Random } from "./random.ts";
import { readCommit } from "./read-commit.ts";
import type { Disturbance, Fault, Scenario } from "./scenarios/scenario.ts";
import { type Disks, openDisks } from "./world/open-disks.ts";
import { startDockerWorld } from "./world/start-docker-world.ts";
import { startStandaloneWorld } from "./world/start-standalone-world.ts";
import type { Shape, World } from "./world/world.ts";

export interface RunOptions {
  readonly seed: number;
  /** Messages offered at least; more where the faults take longer. */
  readonly messages: number;
  readonly messagesPerSecond: number;
  /** How long most messages may be worked on, in s. */
  readonly ttlS: number;
  /** How many faults; default: as many as the scenario says. */
  readonly times?: number;
  /** Where faults are drawn: which order of them, and the place in it where this run begins. Default: its seed's, at 0. */
  readonly schedule?: Schedule;
  /** For data and logs of this run. */
  readonly folder: string;
  readonly say: (text: string) => void;
}

export interface Schedule {
  readonly seed: number;
  readonly from: number;
}

export interface ScenarioResult extends Verdict {
  readonly scenario: string;
  readonly shape: Shape;
  readonly seed: number;
  readonly servers: readonly string[];
  readonly messagesPerSecond: number;
  readonly ttlS: number;
  /** Of the code that was tried, and when it was judged (ISO 8601). */
  readonly commit: string;
  readonly at: string;
  readonly disturbances: readonly Disturbance[];
  readonly quota: QuotaCount | undefined;
  readonly reads: ReadCount | undefined;
  /** Times in s: of the load, and from its end until every message had its own. */
  readonly loadS: number;
  readonly settleS: number;
  /** Why clients were refused or left without an answer, in the end, and how often. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Everything that must not be; empty when the run is clean. */
  readonly problems: readonly string[];
}

/** After its deadline a message has so long to end (docs/reliability.md says a minute). */
const END_AFTER_DEADLINE_S = 300;
const WARM_UP_MS = 2_000;
const PAUSE_MIN_MS = 1_000;
const PAUSE_MAX_MS = 5_000;
const POLL_MS = 100;

/** Runs one scenario in a world of its own, from its start to the verdict. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioResult> {
  const disks = scenario.shape === "docker" && scenario.smallDisks ? await openDisks(options.folder) : undefined;
  try {
    return await runInWorld(scenario, options, disks);
  } finally {
    await disks?.close();
  }
}

async function runInWorld(scenario: Scenario, options: RunOptions, disks: Disks | undefined): Promise<ScenarioResult> {
  const random = createRandom(options.seed).fork(scenario.name);
  const world = await startWorld(scenario, options, { disks, random });
  let result: ScenarioResult;
  try {
    result = await runAndJudge(scenario, options, { world, random });
  } catch (error) {
    await world.stop();
    throw error;
  }
  const ends = await world.stop();
  return { ...result, problems: [...result.problems, ...ends] };
}

async function runAndJudge(scenario: Scenario, options: RunOptions, around: Around): Promise<ScenarioResult> {
  const { world } = around;
  const startedAtMs = Date.now();
  const { requests, reads, disturbances, loadS } = await runLoad(scenario, options, around);
  options.say(`${countMessages(requests)} messages offered; waiting for their ends`);
  const settlingFromMs = performance.now();
  await waitUntilSettled(world, (options.ttlS + END_AFTER_DEADLINE_S) * 1000);
  const settleS = (performance.now() - settlingFromMs) / 1000;
  const verdict = judge(await readEvidence(world, requests));
  const quota = await countQuota(world, requests, startedAtMs);
  const books = await readBooks(world, startedAtMs);
  return {
    scenario: scenario.name,
    shape: world.shape,
    seed: options.seed,
    servers: world.servers,
    messagesPerSecond: options.messagesPerSecond,
    ttlS: options.ttlS,
    ...(await stamp()),
    ...verdict,
    disturbances,
    quota,
    reads,
    loadS,
    settleS,
    reasons: countReasons(requests.filter(({ end }) => end !== "accepted").map(({ end, why }) => `${end}: ${why}`)),
    problems: [
      ...listProblems({ verdict, requests, quota, books, reads, disturbances }),
      ...(await readDeadLetters(world)),
    ],
  };
}

/** Breaks one thing after the other while clients send and read. */
async function runLoad(scenario: Scenario, options: RunOptions, { world, random }: Around) {
  const probe = openProbe(world);
  const readers = startReaders(world.gatewayUrls);
  const startedMs = performance.now();
  const load = startLoad({
    onPromise: readers.add,
    gateways: world.gatewayUrls,
    apiKeys: world.keys,
    plans: planRequests(random.fork("load"), options),
    messagesPerSecond: options.messagesPerSecond,
  });
  try {
    const disturbances = await disturb(scenario, options, { world, random: random.fork("faults"), probe });
    while (load.offered() < options.messages) await delay(POLL_MS);
    const loadS = (performance.now() - startedMs) / 1000;
    return { requests: await load.stop(), reads: await readers.stop(), disturbances, loadS };
  } finally {
    load.abandon();
    await readers.stop();
    probe.close();
  }
}

function countMessages(requests: readonly ClientRequest[]): number {
  return requests.reduce((sum, { plan }) => sum + plan.numbers.length, 0);
}

/** The result of a run that ended before it could be judged: not clean, whatever came of its messages. */
export async function describeFailure(
  { name, shape }: Scenario,
  { seed, messagesPerSecond, ttlS }: RunOptions,
  error: unknown,
): Promise<ScenarioResult> {
  const counts = { offered: 0, accepted: 0, delivered: 0, unknown: 0, refused: 0, unanswered: 0, explainedDoubles: 0 };
  const told = {
    servers: [],
    otherEnds: {},
    faults: [],
    disturbances: [],
    quota: undefined,
    reads: undefined,
    reasons: {},
  };
  const problem = `the run itself failed: ${error instanceof Error ? error.stack : String(error)}`;
  return {
    scenario: name,
    shape,
    seed,
    messagesPerSecond,
    ttlS,
    ...counts,
    ...told,
    ...(await stamp()),
    loadS: 0,
    settleS: 0,
    problems: [problem],
  };
}

async function stamp(): Promise<Pick<ScenarioResult, "commit" | "at">> {
  return { commit: await readCommit(), at: new Date().toISOString() };
}

interface Props {
  readonly disks: Disks | undefined;
  readonly random: Random;
}

async function startWorld(scenario: Scenario, { folder }: RunOptions, { disks, random }: Props): Promise<World> {
  if (scenario.shape === "standalone") return startStandaloneWorld({ folder });
  const members = scenario.members ?? 2;
  return startDockerWorld({
    folder,
    gateways: members,
    workers: members,
    ...(disks && { disks: disks.byServer }),
    ...(scenario.unrulyReports && { unrulyReports: random.fork("reports") }),
  });
}

interface Around {
  readonly world: World;
  readonly random: Random;
}

interface Surroundings extends Around {
  readonly probe: Probe;
}

/** One fault after the other, each followed by a recovery. */
async function disturb(scenario: Scenario, options: RunOptions, around: Surroundings): Promise<Disturbance[]> {
  const { random, probe } = around;
  const done: Disturbance[] = [];
  await delay(WARM_UP_MS);
  for (let round = 0; round < (options.times ?? scenario.times); round += 1) {
    // A sequence of its own, since how much a fault draws depends on what comes in its time.
    const drawn = random.fork(`round ${round}`);
    await delay(drawn.int(PAUSE_MIN_MS, PAUSE_MAX_MS));
    const { name, excuses, inject } = pickFault(
      scenario,
      { ...around, random: drawn },
      placeOf(scenario, options, round),
    );
    const { failure, tookS, recoveryS } = await injectAndRecover(inject, probe);
    // What does not come back is not broken further.
    const isOver = recoveryS === undefined;
    done.push({
      fault: name,
      ...(excuses && { excuses }),
      tookS,
      recoveryS,
      ...(failure !== undefined && { failure }),
    });
    const recovered = recoveryS === undefined ? "not recovered" : `recovered after ${recoveryS.toFixed(1)} s`;
    options.say(`${name} (${tookS.toFixed(1)} s), ${failure ?? recovered}`);
    if (isOver) break;
  }
  return done;
}

/** Recovery is measured from the moment in which the fault says that the trouble is over, at the latest from its end. */
async function injectAndRecover(inject: (mended: () => void) => Promise<void>, probe: Probe) {
  const fromMs = performance.now();
  let recovery: Promise<number | undefined> | undefined;
  const measure = (): Promise<number | undefined> => {
    recovery ??= probe.measureRecovery();
    return recovery;
  };
  const failure = await inject(() => void measure()).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  const tookS = (performance.now() - fromMs) / 1000;
  return { failure, tookS, recoveryS: await measure() };
}

/**
 * Which of the scenario's faults comes in a round. Drawn, all of them come once before any comes again, as cards are
 * dealt: so that none is left out by chance.
 */
function placeOf({ faults, isDrawn }: Scenario, { seed, schedule }: RunOptions, round: number): number {
  const at = (schedule?.from ?? 0) + round;
  const place = at % faults.length;
  if (isDrawn === undefined) return place;
  const deal = createRandom(schedule?.seed ?? seed).fork(`deal ${Math.floor(at / faults.length)}`);
  return deal.shuffle(faults.map((_, index) => index))[place] ?? 0;
}

/** Bound to the world of its shape. */
function pickFault(scenario: Scenario, { world, random }: Surroundings, place: number) {
  const bind = <W extends World>(faults: readonly Fault<W>[], of: W) => {
    const fault = faults[place];
    if (fault === undefined) throw new Error(`${scenario.name} has no fault ${place}`);
    return { ...fault, inject: (mended: () => void) => fault.inject({ world: of, random, mended }) };
  };
  if (scenario.shape === "docker" && world.shape === "docker") return bind(scenario.faults, world);
  if (scenario.shape === "standalone" && world.shape === "standalone") return bind(scenario.faults, world);
  throw new Error(`${scenario.name} is not for the shape ${world.shape}`);
}

function countReasons(reasons: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
