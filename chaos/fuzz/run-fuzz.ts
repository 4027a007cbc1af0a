import { setTimeout as delay } from "node:timers/promises";
import { openProbe } from "../load/probe.ts";
import { createRandom } from "../random.ts";
import { startDockerWorld } from "../world/start-docker-world.ts";
import { startStandaloneWorld } from "../world/start-standalone-world.ts";
import type { Shape, World } from "../world/world.ts";
import { countRoute, type RouteCount, type RouteResult } from "./findings.ts";
import type { Route } from "./fuzz-request.ts";
import { judgeExchange, type Rules } from "./judge-exchange.ts";
import { judgeHealth } from "./judge-health.ts";
import { type Member, openTargets } from "./open-targets.ts";
import { type Health, watchRest } from "./read-health.ts";
import { listServices, readSecrets } from "./read-secrets.ts";
import { sendRequest } from "./send-request.ts";
import { holdSlowConnections } from "./slow-connections.ts";
import { holdSlowReaders } from "./slow-readers.ts";

export interface FuzzOptions {
  readonly shape: Shape;
  readonly seed: number;
  readonly requestsPerRoute: number;
  /** Only routes whose label ends so. */
  readonly route?: string;
  /** Only this request of each route, which is shown. */
  readonly only?: number;
  readonly folder: string;
  readonly say: (text: string) => void;
}

export interface FuzzResult {
  readonly shape: Shape;
  readonly seed: number;
  readonly routes: readonly RouteResult[];
  /** By process: after the warm-up, then after each round. */
  readonly health: Readonly<Record<string, readonly Health[]>>;
  /** What is wrong beside the findings of routes. */
  readonly problems: readonly string[];
}

interface Fuzzing {
  readonly options: FuzzOptions;
  /** By the label of the route. */
  readonly counts: Map<string, RouteCount>;
  readonly members: readonly Member[];
  readonly rulesOf: (member: Member) => Rules;
}

/** The first warms up: it fills caches, compiles code and grows the heap. */
const ROUNDS = 3;
/** As a route: slow connections, with a request of each other route now and then. */
const SLOW = "SLOW";
/** Requests under way at a time, over all processes. */
const LANES = 16;
const PROGRESS_EVERY_MS = 15_000;
const PAUSE_AMONG_SLOW_MS = 1_000;

/** Starts a world, fuzzes each of its processes, and looks at them before and after. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { shape, folder } = options;
  const world =
    shape === "docker"
      ? await startDockerWorld({ folder, gateways: 1, workers: 1 })
      : await startStandaloneWorld({ folder });
  try {
    return await fuzzWorld(world, options);
  } finally {
    await world.stop();
  }
}

async function fuzzWorld(world: World, options: FuzzOptions): Promise<FuzzResult> {
  const { shape, seed } = options;
  const members = await openTargets(world, createRandom(seed).fork(shape));
  const secrets = await readSecrets(world);
  const rulesOf = ({ name }: Member): Rules => ({ secrets, isGateway: name === "gateway" });
  const fuzzing: Fuzzing = { options, counts: new Map(), members, rulesOf };
  const pids = await listPids();
  const { counts, health } = await runRounds(fuzzing);
  const problems = [
    ...members.flatMap(({ name }) => judgeHealth(health[name] ?? []).map((problem) => `${name}: ${problem}`)),
    ...((await listPids()) === pids ? [] : ["a process has ended"]),
    ...((await delivers(world)) ? [] : ["no message that was sent afterwards arrived"]),
  ];
  const routes = [...counts.values()].map((count) => count.result());
  return { shape, seed, routes, health, problems: [...new Set(problems)] };
}

interface Rounds {
  readonly counts: ReadonlyMap<string, RouteCount>;
  readonly health: Record<string, Health[]>;
}

async function runRounds(fuzzing: Fuzzing): Promise<Rounds> {
  const { options, members, counts } = fuzzing;
  const health: Record<string, Health[]> = {};
  const { only, route } = options;
  if (route?.endsWith(SLOW)) await fuzzAmongSlow(fuzzing, { from: 0, to: 1 });
  else if (only !== undefined) await fuzzRange(fuzzing, { from: only, to: only + 1 });
  if (route?.endsWith(SLOW) || only !== undefined) return { counts, health };
  const perRound = Math.ceil(options.requestsPerRoute / ROUNDS);
  for (let round = 0; round < ROUNDS; round += 1) {
    const range = { from: round * perRound, to: (round + 1) * perRound };
    // In the second round, so that the third one is like the first and shows what is left of it.
    if (round === 1 && route === undefined) await fuzzAmongSlow(fuzzing, range);
    else await fuzzRange(fuzzing, range);
    for (const { name, url } of members) {
      const before = health[name] ?? [];
      const isWrong = (last: Health): boolean => judgeHealth([...before, last]).length > 0;
      health[name] = [...before, await watchRest(url, isWrong)];
    }
    options.say(`round ${round + 1} of ${ROUNDS}: ${describeHealth(health)}`);
  }
  return { counts, health };
}

interface Range {
  readonly from: number;
  /** This one no more. */
  readonly to: number;
  /** Named in a replay instead of the single request, which alone meets nothing. */
  readonly besides?: string;
}

/** While slow connections are held: first these requests, then others until the last slow one has ended. */
async function fuzzAmongSlow(fuzzing: Fuzzing, { from, to }: Range): Promise<void> {
  const { members, options, counts, rulesOf } = fuzzing;
  const besides = `--route ${SLOW}`;
  let isHeld = true;
  const holding = Promise.all(
    members.map(async (member) => {
      const label = `${member.name} ${SLOW}`;
      const count = countRoute(label);
      const ends = await Promise.all([
        holdSlowConnections(member.url, member.operations, member.keyFor),
        holdSlowReaders(member.url),
      ]);
      for (const { request, exchange } of ends.flat()) {
        const faults = judgeExchange(request, exchange, rulesOf(member));
        count.add({ request, exchange, faults, replay: besides });
      }
      counts.set(label, count);
    }),
  ).finally(() => {
    isHeld = false;
  });
  await fuzzRange(fuzzing, { from, to, besides });
  for (let index = options.requestsPerRoute + ROUNDS; isHeld; index += 1) {
    await fuzzRange(fuzzing, { from: index, to: index + 1, besides });
    await delay(PAUSE_AMONG_SLOW_MS);
  }
  await holding;
}

/** The requests of these indexes on every chosen route, those of all routes in turn. */
async function fuzzRange(fuzzing: Fuzzing, { from, to, besides }: Range): Promise<void> {
  const { options, members } = fuzzing;
  const end = besides === undefined ? (options.route ?? "") : "";
  const chosen = members.flatMap((member) =>
    member.routes.filter(({ label }) => label.endsWith(end)).map((route) => ({ member, route })),
  );
  if (chosen.length === 0) throw new Error(`no route ends with ${end}`);
  let next = 0;
  const total = (to - from) * chosen.length;
  const lane = async (): Promise<void> => {
    while (next < total) {
      const place = chosen[next % chosen.length];
      const index = from + Math.floor(next / chosen.length);
      next += 1;
      if (place !== undefined) await fuzzOne(fuzzing, { ...place, index, besides });
    }
  };
  const progress = setInterval(() => options.say(`${next} of ${total} requests of this round`), PROGRESS_EVERY_MS);
  await Promise.all(Array.from({ length: LANES }, lane)).finally(() => clearInterval(progress));
}

interface Aim {
  readonly member: Member;
  readonly route: Route;
  readonly index: number;
  readonly besides: string | undefined;
}

async function fuzzOne({ options, rulesOf, counts }: Fuzzing, { member, route, index, besides }: Aim): Promise<void> {
  const request = route.make(index);
  const exchange = await sendRequest(route.url, request);
  const faults = judgeExchange(request, exchange, rulesOf(member));
  const count = counts.get(route.label) ?? countRoute(route.label);
  counts.set(route.label, count);
  // What others hold up is not to be had again alone.
  const isAlone = besides === undefined || exchange.answers.length > 0;
  const replay = isAlone ? `--route '${route.label}' --only ${index}` : besides;
  count.add({ request, exchange, faults, replay });
  if (options.only === undefined) return;
  options.say(`${route.label}, ${request.kind}\n${show(request.bytes)}`);
  for (const { status, body } of exchange.answers) options.say(`${status} ${show(body)}`);
  options.say(`${exchange.end} after ${exchange.tookMs.toFixed(0)} ms`);
}

function show(bytes: Buffer): string {
  return bytes.toString("latin1").slice(0, 4_000);
}

/** A well-formed message, after everything else. */
async function delivers(world: World): Promise<boolean> {
  const probe = openProbe(world);
  try {
    return (await probe.measureRecovery()) !== undefined;
  } finally {
    probe.close();
  }
}

async function listPids(): Promise<string> {
  return (await listServices()).map(({ pid }) => pid).join(" ");
}

function describeHealth(health: Readonly<Record<string, readonly Health[]>>): string {
  return Object.entries(health)
    .map(
      ([name, seen]) =>
        `${name} ${seen.at(-1)?.residentMib.toFixed(0)} MiB (heap ${seen.at(-1)?.heapMib.toFixed(0)}), ${seen.at(-1)?.openFiles} files`,
    )
    .join("; ");
}
