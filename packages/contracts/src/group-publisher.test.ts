import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createGroupPublisher } from "./group-publisher.ts";
import type { Lane } from "./lanes.ts";
import type { PublishEnding } from "./ports/message-queue.ts";

const CONFIRMED: PublishEnding = { ending: "confirmed" };

interface Group {
  readonly lane: Lane;
  readonly seeds: readonly string[];
  end(ending: PublishEnding): void;
  fail(error: Error): void;
}

/** A publisher before a queue that ends a group only when told to. */
function createBench(waitingLimitMs = 1_500) {
  const groups: Group[] = [];
  const inFlight = new Map<Lane, number>();
  const ended: [number, string][] = [];
  const faults: unknown[] = [];
  let inFlightMost = 0;
  const publisher = createGroupPublisher<Lane, Numbered>({
    waitingLimitMs: () => waitingLimitMs,
    estimateBytes: ({ bytes }) => 1_120 + bytes,
    publishGroup: (lane, envelopes) =>
      new Promise((resolve, reject) => {
        inFlight.set(lane, (inFlight.get(lane) ?? 0) + 1);
        inFlightMost = Math.max(inFlightMost, inFlight.get(lane) ?? 0);
        const leave = () => inFlight.set(lane, (inFlight.get(lane) ?? 0) - 1);
        groups.push({
          lane,
          seeds: envelopes.map(({ seed }) => seed),
          end: (ending) => {
            leave();
            resolve(ending);
          },
          fail: (error) => {
            leave();
            reject(error);
          },
        });
      }),
    onGroup: (size, ending) => ended.push([size, ending]),
    onFault: (error) => faults.push(error),
  });
  return { publisher, groups, ended, faults, inFlightMost: () => inFlightMost };
}

interface Numbered {
  readonly seed: string;
  readonly bytes: number;
}

function numbered(seed: string, bytes = 100): Numbered {
  return { seed, bytes };
}

/** Lets everything run that waits for nothing but promises. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

test("an envelope that finds the lane free leaves alone and at once", () => {
  const { publisher, groups } = createBench();
  void publisher.publish("normal", numbered("1"));
  expect(groups.map(({ seeds }) => seeds)).toEqual([["1"]]);
  expect(publisher.waiting()).toBe(0);
});

test("what arrives while two groups are in flight leaves together, in order of arrival", async () => {
  const { publisher, groups, inFlightMost } = createBench();
  const endings = ["1", "2", "3", "4", "5"].map((seed) => publisher.publish("normal", numbered(seed)));
  expect(groups.map(({ seeds }) => seeds)).toEqual([["1"], ["2"]]);
  expect(publisher.waiting()).toBe(3);
  groups[0]?.end(CONFIRMED);
  expect(await endings[0]).toEqual(CONFIRMED);
  expect(groups.map(({ seeds }) => seeds)).toEqual([["1"], ["2"], ["3", "4", "5"]]);
  groups[2]?.end(CONFIRMED);
  groups[1]?.end(CONFIRMED);
  expect(await Promise.all(endings)).toEqual(Array(5).fill(CONFIRMED));
  expect(inFlightMost()).toBe(2);
});

test("lanes do not wait for each other", () => {
  const { publisher, groups } = createBench();
  for (const seed of ["1", "2", "3"]) void publisher.publish("bulk", numbered(seed));
  void publisher.publish("high", numbered("4"));
  expect(groups.map(({ lane, seeds }) => [lane, seeds])).toEqual([
    ["bulk", ["1"]],
    ["bulk", ["2"]],
    ["high", ["4"]],
  ]);
});

test.each<PublishEnding>([
  CONFIRMED,
  { ending: "unconfirmed" },
  { ending: "not_handed_over", reason: "queue_unreachable" },
])("every member of a group ends as the group ends: %o", async (ending) => {
  const { publisher, groups, ended } = createBench();
  const endings = ["1", "2", "3", "4"].map((seed) => publisher.publish("normal", numbered(seed)));
  groups[0]?.end(CONFIRMED);
  await endings[0];
  groups[2]?.end(ending);
  expect(await Promise.all(endings.slice(2))).toEqual([ending, ending]);
  expect(ended).toEqual([
    [1, "confirmed"],
    [2, ending.ending],
  ]);
});

test("an exception of the queue leaves the outcome unknown, is told once, and stops nothing", async () => {
  const { publisher, groups, faults } = createBench();
  const fault = new Error("a bug");
  const first = publisher.publish("normal", numbered("1"));
  groups[0]?.fail(fault);
  expect(await first).toEqual({ ending: "unconfirmed" });
  expect(faults).toEqual([fault]);
  const second = publisher.publish("normal", numbered("2"));
  groups[1]?.end(CONFIRMED);
  expect(await second).toEqual(CONFIRMED);
});

test("a group holds at most 500 envelopes", async () => {
  const { publisher, groups } = createBench();
  const all = Array.from({ length: 1_203 }, (_, index) => publisher.publish("normal", numbered(String(index))));
  for (let index = 0; index < 5; index += 1) {
    groups[index]?.end(CONFIRMED);
    await settle();
  }
  expect(groups.map(({ seeds }) => seeds.length)).toEqual([1, 1, 500, 500, 201]);
  expect(await Promise.all(all)).toHaveLength(1_203);
  expect(groups.flatMap(({ seeds }) => seeds)).toEqual(all.map((_, index) => String(index)));
});

test("a group holds at most a megabyte, but always one envelope", async () => {
  const { publisher, groups } = createBench();
  const sizes = [100, 100, 400_000, 400_000, 400_000, 2_000_000, 100];
  const all = sizes.map((bytes, index) => publisher.publish("normal", numbered(String(index), bytes)));
  for (let index = 0; index < 6; index += 1) {
    groups[index]?.end(CONFIRMED);
    await settle();
  }
  expect(groups.map(({ seeds }) => seeds.join())).toEqual(["0", "1", "2,3", "4", "5", "6"]);
  expect(await Promise.all(all)).toHaveLength(7);
});

test("what comes beyond 64 MiB of waiting envelopes is refused at once", async () => {
  const { publisher } = createBench();
  const megabyte = 1024 * 1024;
  const endings = Array.from({ length: 66 }, (_, index) =>
    publisher.publish("bulk", numbered(String(index), megabyte)),
  );
  expect(await endings[65]).toEqual({ ending: "not_handed_over", reason: "queue_full" });
  expect(publisher.waiting()).toBe(63);
});

describe("with a broker that answers nothing", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("what waits for 1.5 s is refused as not handed over, what is in flight is not", async () => {
    const { publisher, groups } = createBench();
    const endings = ["1", "2", "3"].map((seed) => publisher.publish("normal", numbered(seed)));
    await vi.advanceTimersByTimeAsync(1_000);
    const late = publisher.publish("normal", numbered("4"));
    await vi.advanceTimersByTimeAsync(600);
    expect(await endings[2]).toEqual({ ending: "not_handed_over", reason: "queue_full" });
    expect(publisher.waiting()).toBe(1);
    groups[0]?.end(CONFIRMED);
    await settle();
    expect(groups.at(-1)?.seeds).toEqual(["4"]);
    groups.at(-1)?.end(CONFIRMED);
    expect(await late).toEqual(CONFIRMED);
    groups[1]?.end({ ending: "unconfirmed" });
    expect(await Promise.all(endings.slice(0, 2))).toEqual([CONFIRMED, { ending: "unconfirmed" }]);
  });

  test("who may wait longer gets through when the broker comes back", async () => {
    const { publisher, groups } = createBench(9_000);
    const endings = Array.from({ length: 20 }, (_, index) => publisher.publish("normal", numbered(String(index))));
    await vi.advanceTimersByTimeAsync(2_500);
    for (let index = 0; index < groups.length; index += 1) {
      groups[index]?.end(CONFIRMED);
      await settle();
    }
    expect(await Promise.all(endings)).toEqual(Array(20).fill(CONFIRMED));
  });
});

test("whatever arrives and however groups end, each envelope is published at most once, in order, and ends once as its group", async () => {
  const lane = fc.constantFrom<Lane>("high", "normal", "bulk");
  const ending = fc.constantFrom<PublishEnding>(
    CONFIRMED,
    { ending: "unconfirmed" },
    { ending: "not_handed_over", reason: "queue_full" },
  );
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ lane, bytes: fc.integer({ min: 1, max: 400_000 }) }) },
    { weight: 2, arbitrary: fc.record({ pick: fc.nat(), ending }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { publisher, groups, inFlightMost } = createBench();
      const open = new Set<Group>();
      const known = new Set<Group>();
      const endings = new Map<string, PublishEnding>();
      const arrived = new Map<Lane, string[]>();
      const endedAs = new Map<string, PublishEnding>();
      const notice = () => {
        for (const group of groups) {
          if (known.has(group)) continue;
          known.add(group);
          open.add(group);
        }
      };
      const endGroup = async (group: Group, as: PublishEnding) => {
        open.delete(group);
        for (const seed of group.seeds) endedAs.set(seed, as);
        group.end(as);
        await settle();
        notice();
      };
      let count = 0;
      for (const one of steps) {
        if ("lane" in one) {
          const seed = String(count);
          count += 1;
          arrived.set(one.lane, [...(arrived.get(one.lane) ?? []), seed]);
          void publisher.publish(one.lane, numbered(seed, one.bytes)).then((as) => endings.set(seed, as));
        } else {
          const group = [...open][one.pick % Math.max(1, open.size)];
          if (group !== undefined) await endGroup(group, one.ending);
        }
        notice();
      }
      for (let rest = [...open]; rest.length > 0; rest = [...open])
        for (const group of rest) await endGroup(group, CONFIRMED);
      expect(publisher.waiting()).toBe(0);
      expect(inFlightMost()).toBeLessThanOrEqual(2);
      expect(endings).toEqual(endedAs);
      expect(endings.size).toBe(count);
      for (const [name, seeds] of arrived) {
        expect(groups.filter((group) => group.lane === name).flatMap((group) => group.seeds)).toEqual(seeds);
      }
    }),
    { numRuns: 100 },
  );
});
