import type { Lane } from "@sms-gateway/contracts";
import { waitFor } from "@sms-gateway/testkit";
import { afterEach, describe, expect, it } from "vitest";
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
  const world = { due, running: [] as Job[], claims: [] as Lane[], failures: 0, isAway: false, isAllowed: true };
  loop = createDispatchLoop<Lane>({
    slots,
    mayClaim: () => world.isAllowed,
    claim: async (lane, free) => {
      world.claims.push(lane);
      if (world.isAway) throw new Error("away");
      const taken = Math.min(free, due[lane]);
      due[lane] -= taken;
      return Array.from({ length: taken }, () => lane);
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

describe("createDispatchLoop", () => {
  it("never has more under way than it has slots", async () => {
    const { due, world, loop: dispatch } = openWorld(3);
    due.normal = 10;
    dispatch.wake();
    await waitFor(() => world.running.length === 3, { what: "three submits" });
    for (let done = 0; done < 10; done += 1) {
      const first = await waitFor(() => world.running[0], { what: "a submit" });
      expect(dispatch.inFlight()).toBeLessThanOrEqual(3);
      first.finish();
    }
    await waitFor(() => dispatch.inFlight() === 0, { what: "the end" });
    expect(due.normal).toBe(0);
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

  it("finds by itself what becomes due later", async () => {
    const { due, world } = openWorld(1);
    await waitFor(() => world.claims.length >= 3, { what: "the first look" });
    due.bulk = 1;
    await waitFor(() => world.running.length === 1, { what: "the poll" });
    world.running[0]?.finish();
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
