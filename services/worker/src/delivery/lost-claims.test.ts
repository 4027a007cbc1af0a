import { DatabaseUnavailableError, openDatabase } from "@sms-gateway/db";
import { createLogger, createMetrics } from "@sms-gateway/runtime";
import { describe, expect, it } from "vitest";
import { createWorkerMetrics } from "../metrics.ts";
import { createLostClaims } from "./lost-claims.ts";

function openWorld() {
  const world = { nowMs: 0, isAway: false, committed: new Set<string>(), asked: [] as (readonly string[])[] };
  const lost = createLostClaims({
    // Opens no connection: what is asked is answered below.
    db: openDatabase({ url: "postgresql://127.0.0.1:1/none", poolMax: 1 }),
    metrics: createWorkerMetrics(createMetrics("worker")),
    logger: createLogger({ service: "worker", level: "silent" }),
    wake: () => undefined,
    now: () => world.nowMs,
    giveBack: async (_db, claimIds) => {
      world.asked.push(claimIds);
      if (world.isAway) throw new DatabaseUnavailableError("away");
      return { claimIds: claimIds.filter((id) => world.committed.has(id)), changes: [] };
    },
  });
  return { world, lost };
}

describe("createLostClaims", () => {
  it("asks for nothing while nothing was lost", async () => {
    const { world, lost } = openWorld();
    await lost.giveBack();
    expect(world.asked).toEqual([]);
  });

  it("keeps a claim through an outage of any length, until it is found", async () => {
    const { world, lost } = openWorld();
    lost.add("a");
    world.isAway = true;
    world.nowMs = 3_600_000;
    await expect(lost.giveBack()).rejects.toThrow("away");
    world.isAway = false;
    world.committed.add("a");
    await lost.giveBack();
    await lost.giveBack();
    expect(world.asked).toEqual([["a"], ["a"]]);
  });

  it("looks for one that was not committed until it cannot be committed any more", async () => {
    const { world, lost } = openWorld();
    lost.add("a");
    for (const nowMs of [0, 29_999, 30_000, 60_000]) {
      world.nowMs = nowMs;
      await lost.giveBack();
    }
    expect(world.asked).toHaveLength(3);
  });

  it("remembers no more than a thousand, the newest", async () => {
    const { world, lost } = openWorld();
    for (let index = 0; index <= 1_000; index += 1) lost.add(String(index));
    await lost.giveBack();
    expect([world.asked[0]?.length, world.asked[0]?.[0]]).toEqual([1_000, "1"]);
  });
});
