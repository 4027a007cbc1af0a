import { setTimeout as delay } from "node:timers/promises";
import type { Lane } from "@sms-gateway/contracts";
import { waitFor } from "@sms-gateway/testkit";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createDispatchLoop, type DispatchLoop } from "./dispatch-loop.ts";

interface Job {
  readonly lane: Lane;
  readonly finish: () => void;
}

let loop: DispatchLoop | undefined;
afterEach(() => loop?.stop());

/** A queue in memory: what is put in is due at once. */
function openWorld(slots: number) {
  const due: Record<Lane, number> = { high: 0, normal: 0, bulk: 0 };
  const world = {
    due,
    running: [] as Job[],
    claims: [] as Lane[],
    failures: 0,
    isAway: false,
    isAllowed: true,
    claimMs: 0,
    waitMs: {} as Partial<Record<Lane, number>>,
    /** Of the provider, over all workers. */
    takesMax: Number.POSITIVE_INFINITY,
  };
  loop = createDispatchLoop<Lane>({
    slots,
    mayClaim: () => world.isAllowed,
    claim: async (lane, free) => {
      world.claims.push(lane);
      if (world.claimMs > 0) await delay(world.claimMs);
      if (world.isAway) throw new Error("away");
      const takes = Math.min(free, world.takesMax - world.running.length);
      const taken = Math.min(takes, due[lane]);
      due[lane] -= taken;
      return {
        claimed: Array.from({ length: taken }, () => lane),
        waitMs: world.waitMs[lane] ?? null,
        mayBeMore: takes < free,
      };
    },
    submit: (lane) =>
      new Promise<void>((resolve) => {
        const job: Job = {
          lane,
          finish: () => {
            world.running = world.running.filter((running) => running !== job);
            resolve();
          },
        };
        world.running.push(job);
      }),
    outages: {
      failed: () => {
        world.failures += 1;
      },
      worked: () => undefined,
    },
  });
  return { ...world, world, loop };
}

async function withFakeTimers(run: () => Promise<void>): Promise<void> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  try {
    await run();
  } finally {
    vi.useRealTimers();
  }
}

describe("createDispatchLoop", () => {
  it("never has more under way than it has slots", async () => {
    const { due, world, loop: dispatch } = openWorld(3);
    due.high = 10;
    dispatch.wake();
    await waitFor(() => world.running.length === 3, { what: "three submits" });
    for (let done = 0; done < 10; done += 1) {
      const first = await waitFor(() => world.running[0], { what: "a submit" });
      expect(dispatch.inFlight()).toBeLessThanOrEqual(3);
      first.finish();
    }
    await waitFor(() => dispatch.inFlight() === 0, { what: "the end" });
    expect(due.high).toBe(0);
  });

  it("keeps a fifth of its slots for the high lane, and serves every lane with one slot", async () => {
    const { due, world, loop: dispatch } = openWorld(10);
    Object.assign(due, { normal: 4, bulk: 100 });
    dispatch.wake();
    await waitFor(() => world.running.length === 8, { what: "all that bulk may have" });
    due.high = 5;
    dispatch.wake();
    await waitFor(() => world.running.length === 10, { what: "the high lane's slots" });
    expect(world.running.filter(({ lane }) => lane === "high")).toHaveLength(2);
    Object.assign(due, { high: 0, normal: 0, bulk: 0 });
    for (const { finish } of [...world.running]) finish();
    await dispatch.stop();

    const single = openWorld(1);
    single.due.bulk = 1;
    single.loop.wake();
    await waitFor(() => single.world.running.length === 1, { what: "the only slot" });
    single.world.running[0]?.finish();
  });

  it("asks again for a lane when its provider takes more, and for the lanes above it meanwhile", async () => {
    const { due, world, loop: dispatch } = openWorld(10);
    await waitFor(() => world.claims.length >= 3, { what: "the first look" });
    world.waitMs.normal = 300;
    due.normal = 1;
    dispatch.wake();
    await waitFor(() => world.running.length === 1, { what: "what the provider still takes" });
    const asked = world.claims.length;
    const startedAt = performance.now();
    due.high = 1;
    dispatch.wake();
    await waitFor(() => world.running.length === 2, { what: "the high lane" });
    world.waitMs.normal = 0;
    due.normal = 1;
    await waitFor(() => world.running.length === 3, { what: "the normal lane" });
    expect(performance.now() - startedAt).toBeGreaterThan(200);
    expect(world.claims.slice(asked).filter((lane) => lane === "bulk")).toEqual([]);
    for (const { finish } of [...world.running]) finish();
  });

  it("fills a freed slot with the high lane first, however much waits in bulk", async () => {
    const { due, world, loop: dispatch } = openWorld(1);
    due.bulk = 100;
    dispatch.wake();
    await waitFor(() => world.running.length === 1, { what: "the first bulk submit" });
    due.high = 1;
    world.running[0]?.finish();
    await waitFor(() => world.running.length === 1, { what: "the next submit" });
    expect(world.running[0]?.lane).toBe("high");
    world.running[0]?.finish();
    await waitFor(() => world.running[0]?.lane === "bulk", { what: "bulk again" });
    due.bulk = 0;
    world.running[0]?.finish();
  });

  it("looks again as soon as a call ends while the provider's own limit left something behind", () =>
    withFakeTimers(async () => {
      const { due, world, loop: dispatch } = openWorld(10);
      world.takesMax = 1;
      due.high = 3;
      dispatch.wake();
      for (let left = 2; left >= 0; left -= 1) {
        // Far below the poll.
        await vi.advanceTimersByTimeAsync(20);
        expect([world.running.length, due.high]).toEqual([1, left]);
        world.running[0]?.finish();
      }
      await loop?.stop();
    }));

  it("does not look again when calls end and nothing was left behind, until the poll", () =>
    withFakeTimers(async () => {
      const { due, world, loop: dispatch } = openWorld(10);
      due.high = 2;
      dispatch.wake();
      await vi.advanceTimersByTimeAsync(100);
      expect(world.running).toHaveLength(2);
      const asked = world.claims.length;
      for (const { finish } of [...world.running]) finish();
      await vi.advanceTimersByTimeAsync(300);
      expect([dispatch.inFlight(), world.claims.length]).toEqual([0, asked]);
      await vi.advanceTimersByTimeAsync(300);
      expect(world.claims.slice(asked)).toEqual(["high", "normal", "bulk"]);
      await loop?.stop();
    }));

  it("finds by itself what becomes due later", async () => {
    const { due, world } = openWorld(1);
    await waitFor(() => world.claims.length >= 3, { what: "the first look" });
    due.bulk = 1;
    await waitFor(() => world.running.length === 1, { what: "the poll" });
    world.running[0]?.finish();
  });

  it("rests after looks that take long, before it polls again", async () => {
    const { world } = openWorld(1);
    world.claimMs = 100;
    await waitFor(() => world.claims.length >= 3, { what: "the first look", intervalMs: 5 });
    const asked = world.claims.length;
    const startedAt = performance.now();
    await waitFor(() => world.claims.length > asked, { what: "the next look", intervalMs: 5 });
    expect(performance.now() - startedAt).toBeGreaterThan(800);
  });

  it("goes on after a claim has failed", async () => {
    const { due, world } = openWorld(1);
    world.isAway = true;
    due.high = 1;
    await waitFor(() => world.failures >= 2, { what: "two failed claims" });
    world.isAway = false;
    await waitFor(() => world.running.length === 1, { what: "a submit" });
    world.running[0]?.finish();
  });

  it("claims nothing while it may not", async () => {
    const { due, world, loop: dispatch } = openWorld(1);
    await waitFor(() => world.claims.length >= 3, { what: "the first look" });
    world.isAllowed = false;
    due.high = 1;
    const asked = world.claims.length;
    dispatch.wake();
    expect(world.claims.length).toBe(asked);
    world.isAllowed = true;
    await waitFor(() => world.running.length === 1, { what: "a submit once allowed" });
    world.running[0]?.finish();
  });

  it("waits for what is under way when it stops, and claims no more", async () => {
    const { due, world, loop: dispatch } = openWorld(2);
    due.high = 5;
    dispatch.wake();
    await waitFor(() => world.running.length === 2, { what: "two submits" });
    let isStopped = false;
    const stopping = dispatch.stop().then(() => {
      isStopped = true;
    });
    world.running[0]?.finish();
    expect(isStopped).toBe(false);
    world.running[0]?.finish();
    await stopping;
    expect(due.high).toBe(3);
  });
});
