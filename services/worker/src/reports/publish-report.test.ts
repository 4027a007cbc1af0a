import type { PublishEnding } from "@sms-gateway/contracts";
import { createLogger } from "@sms-gateway/runtime";
import { sampleReport } from "@sms-gateway/testkit";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createReportPublisher } from "./publish-report.ts";

const CONFIRMED: PublishEnding = { ending: "confirmed" };

/** A publisher before a queue that ends a group only when told to. */
function openPublisher() {
  const groups: { readonly size: number; readonly end: (ending: PublishEnding) => void }[] = [];
  const world = { isStopping: false };
  const publish = createReportPublisher({
    queue: {
      publishReports: (reports) => new Promise((end) => groups.push({ size: reports.length, end })),
    },
    logger: createLogger({ service: "worker", level: "silent" }),
    isStopping: () => world.isStopping,
  });
  return { publish, groups, world };
}

describe("reports on their way into the queue", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("go together when they come while others are under way, and end as their group ends", async () => {
    const { publish, groups } = openPublisher();
    const endings = Array.from({ length: 5 }, () => publish(sampleReport()));
    groups[0]?.end(CONFIRMED);
    await endings[0];
    expect(groups.map(({ size }) => size)).toEqual([1, 1, 3]);
    groups[2]?.end({ ending: "unconfirmed" });
    expect(await Promise.all(endings.slice(2))).toEqual(Array(3).fill({ ending: "unconfirmed" }));
  });

  it("wait for a slow queue almost as long as providers wait for us", async () => {
    const { publish, groups } = openPublisher();
    const endings = Array.from({ length: 3 }, () => publish(sampleReport()));
    await vi.advanceTimersByTimeAsync(8_500);
    groups[0]?.end(CONFIRMED);
    await endings[0];
    groups[2]?.end(CONFIRMED);
    expect(await endings[2]).toEqual(CONFIRMED);
  });

  it("are refused after that, and at once where the worker stops", async () => {
    const { publish, world } = openPublisher();
    const endings = Array.from({ length: 3 }, () => publish(sampleReport()));
    await vi.advanceTimersByTimeAsync(9_200);
    expect(await endings[2]).toEqual({ ending: "not_handed_over", reason: "queue_full" });
    const late = publish(sampleReport());
    world.isStopping = true;
    await vi.advanceTimersByTimeAsync(200);
    expect(await late).toEqual({ ending: "not_handed_over", reason: "queue_full" });
  });
});
