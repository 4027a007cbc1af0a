import type { AcceptedEnvelope, Consumption, Lane, MessageQueue, TakenGroup } from "@sms-gateway/contracts";
import fc from "fast-check";
import { expect } from "vitest";
import { waitFor } from "../wait-for.ts";
import { type ConsumerProbe, probeConsumer } from "./consumer-probe.ts";
import type { MessageQueueWorld } from "./message-queue-world.ts";
import { sampleEnvelope, sampleEnvelopes } from "./sample-envelopes.ts";
import { accountStamps } from "./stamp-account.ts";

/**
 * What must be true in the end: these envelopes were taken once each, all of the adapter's groups are accounted for by
 * their stamps, and so many parts were put aside.
 */
type Model = {
  readonly confirmed: Map<Lane, Set<string>>;
  readonly groups: Map<Lane, number>;
  dead: number;
  workers: number;
};

type Worker = { readonly probe: ConsumerProbe<AcceptedEnvelope>; readonly running: Consumption; readonly lane: Lane };

/** The queue under test with its workers. */
type Real = {
  readonly world: MessageQueueWorld;
  readonly queue: MessageQueue;
  readonly workers: Worker[];
  /** Stopped workers; what they took counts. */
  readonly retired: Worker[];
};

type Command = fc.AsyncCommand<Model, Real>;

const LANES_USED: readonly Lane[] = ["high", "bulk"];
const WORKERS_MAX = 3;
const BOOT_ID = "boot-of-the-model";
const lanes = fc.constantFrom(...LANES_USED);

/** Everything that gateways and workers do to a queue, in any order. */
export const queueCommands: fc.Arbitrary<Command>[] = [
  fc.tuple(lanes, fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 })).map(publishGroups),
  fc.tuple(lanes, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 2 })).map(publishPoison),
  fc.tuple(lanes, fc.integer({ min: 1, max: 8 })).map(startWorker),
  fc.nat({ max: WORKERS_MAX - 1 }).map(stopWorker),
  fc.tuple(fc.nat({ max: WORKERS_MAX - 1 }), fc.integer({ min: 1, max: 3 })).map(failWorker),
  fc.nat({ max: WORKERS_MAX - 1 }).map(holdWorker),
  fc.nat({ max: WORKERS_MAX - 1 }).map(releaseWorker),
];

/** Runs the commands against queues of their own, lets everything drain, and compares with the model. */
export async function exerciseMessageQueue(world: MessageQueueWorld, commands: Iterable<Command>): Promise<void> {
  const model: Model = {
    confirmed: new Map(LANES_USED.map((lane) => [lane, new Set()])),
    groups: new Map(),
    dead: 0,
    workers: 0,
  };
  const real: Real = { world, queue: await world.open({ bootId: BOOT_ID }), workers: [], retired: [] };
  await fc.asyncModelRun(() => ({ model, real }), commands);
  await drain(model, real);
}

async function drain(model: Model, real: Real): Promise<void> {
  for (const { probe } of real.workers) {
    probe.failNext(0);
    probe.release();
  }
  for (const lane of LANES_USED) {
    if (!real.workers.some((worker) => worker.lane === lane)) await start(real, lane, 5);
    const expected = [...(model.confirmed.get(lane) ?? [])].toSorted();
    await waitFor(() => new Set(takenFrom(real, lane)).size >= expected.length, { what: `all of lane ${lane}` });
  }
  await waitFor(async () => (await real.queue.depths()) !== undefined && (await waiting(real)) === model.dead, {
    what: `${model.dead} dead letters and nothing else to be left`,
  });
  for (const { running } of real.workers) await running.stop(5000);
  for (const lane of LANES_USED) {
    const taken = takenFrom(real, lane);
    const once = real.world.hasRepeated() ? [...new Set(taken)] : taken;
    expect(once.toSorted()).toEqual([...(model.confirmed.get(lane) ?? [])].toSorted());
    const { stamps, missing } = accountStamps(groupsFrom(real, lane), BOOT_ID);
    expect(missing).toEqual([]);
    expect(stamps).toHaveLength(model.groups.get(lane) ?? 0);
  }
  expect([...real.workers, ...real.retired].every(({ probe }) => probe.underWayMost() <= 1)).toBe(true);
}

function publishGroups([lane, sizes]: [Lane, number[]]): Command {
  return {
    check: () => true,
    run: async (model, { queue }) => {
      const groups = sizes.map((size) => sampleEnvelopes(size));
      const endings = await Promise.all(groups.map((group) => queue.publishAccepted(lane, group)));
      expect(endings).toEqual(groups.map(() => ({ ending: "confirmed" })));
      for (const { seed } of groups.flat()) model.confirmed.get(lane)?.add(seed);
      model.groups.set(lane, (model.groups.get(lane) ?? 0) + groups.length);
    },
    toString: () => `publish groups of ${sizes} to ${lane}`,
  };
}

function publishPoison([lane, good, bad]: [Lane, number, number]): Command {
  return {
    check: () => true,
    run: async (model, { world }) => {
      const envelopes = sampleEnvelopes(good);
      const poison = Array.from({ length: bad }, () => ({ ...sampleEnvelope(), segments: 0 }));
      await world.putGroup(lane, [...poison, ...envelopes]);
      for (const { seed } of envelopes) model.confirmed.get(lane)?.add(seed);
      model.dead += bad;
    },
    toString: () => `put a group of ${bad} bad and ${good} good into ${lane}`,
  };
}

function startWorker([lane, batchMax]: [Lane, number]): Command {
  return {
    check: ({ workers }) => workers < WORKERS_MAX,
    run: async (model, real) => {
      await start(real, lane, batchMax);
      model.workers += 1;
    },
    toString: () => `start a worker on ${lane} with batches of ${batchMax}`,
  };
}

function stopWorker(index: number): Command {
  return {
    check: ({ workers }) => index < workers,
    run: async (model, real) => {
      const [worker] = real.workers.splice(index, 1);
      if (worker === undefined) throw new Error(`there is no worker ${index}`);
      model.workers -= 1;
      const stopping = worker.running.stop(5000);
      worker.probe.release();
      await stopping;
      real.retired.push(worker);
    },
    toString: () => `stop worker ${index}`,
  };
}

function failWorker([index, calls]: [number, number]): Command {
  return {
    check: ({ workers }) => index < workers,
    run: async (_, real) => real.workers[index]?.probe.failNext(calls),
    toString: () => `fail the next ${calls} calls of worker ${index}`,
  };
}

function holdWorker(index: number): Command {
  return {
    check: ({ workers }) => index < workers,
    run: async (_, real) => real.workers[index]?.probe.hold(),
    toString: () => `hold worker ${index}`,
  };
}

function releaseWorker(index: number): Command {
  return {
    check: ({ workers }) => index < workers,
    run: async (_, real) => real.workers[index]?.probe.release(),
    toString: () => `release worker ${index}`,
  };
}

async function start(real: Real, lane: Lane, batchMax: number): Promise<void> {
  const probe = probeConsumer<AcceptedEnvelope>(batchMax);
  real.workers.push({ probe, lane, running: await real.queue.consumeAccepted(lane, probe.options) });
}

function takenFrom(real: Real, lane: Lane): string[] {
  return workersOf(real, lane).flatMap(({ probe }) => probe.taken.flat().map(({ seed }) => seed));
}

function groupsFrom(real: Real, lane: Lane): (readonly TakenGroup[])[] {
  return workersOf(real, lane).flatMap(({ probe }) => probe.takenGroups);
}

function workersOf(real: Real, lane: Lane): Worker[] {
  return [...real.workers, ...real.retired].filter((worker) => worker.lane === lane);
}

async function waiting(real: Real): Promise<number> {
  return Object.values((await real.queue.depths()) ?? {}).reduce((sum, depth) => sum + depth, 0);
}
