import { randomUUID } from "node:crypto";
import type { AcceptedEnvelope, MessageQueue, TakenGroup } from "@sms-gateway/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { waitFor } from "../wait-for.ts";
import { probeConsumer } from "./consumer-probe.ts";
import type { MessageQueueWorld } from "./message-queue-world.ts";
import { sampleEnvelopes } from "./sample-envelopes.ts";
import { accountStamps } from "./stamp-account.ts";

const CONFIRMED = { ending: "confirmed" };
const FULL = { ending: "not_handed_over", reason: "queue_full" };

/** Facts about queues that are full. Each has queues of its own: those that exist keep the limits they were made with. */
export function messageQueueLimitFacts(makeWorld: () => Promise<MessageQueueWorld>): void {
  test("ends queue_full beyond the most messages, in that lane alone, and voids what was refused", async () => {
    const refusals = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(refusals, async (rounds) => {
        const world = await makeWorld();
        try {
          await fillAndEmpty(world, rounds);
        } finally {
          await world.close();
        }
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });
}

/** Per round: fills a lane until so many publishes were refused, and empties it. */
async function fillAndEmpty(world: MessageQueueWorld, rounds: readonly number[]): Promise<void> {
  const bootId = randomUUID();
  const queue = await world.open({ bootId, maxLengthMessages: 2 });
  const taken: (readonly TakenGroup[])[] = [];
  let confirmed = 0;
  const publish = async (): Promise<string> => {
    const ending = await queue.publishAccepted("bulk", sampleEnvelopes(1));
    expect([CONFIRMED, FULL]).toContainEqual(ending);
    if (ending.ending === "confirmed") confirmed += 1;
    return ending.ending;
  };
  for (const refusals of rounds) {
    let refused = 0;
    const untilRefused = async () => {
      if ((await publish()) !== "confirmed") refused += 1;
      return refused >= refusals;
    };
    // The limit is soft: a publisher may learn of it with some delay.
    await waitFor(untilRefused, { intervalMs: 1, what: `${refusals} refusals` });
    expect(await queue.publishAccepted("high", sampleEnvelopes(1))).toEqual(CONFIRMED);
    await takeAll(queue, "high", 1);
    taken.push(...(await takeAll(queue, "bulk", confirmed - taken.flat().length)));
    // The first that finds room tells of those that were refused.
    await waitFor(async () => (await publish()) === "confirmed", { intervalMs: 1, what: "room again" });
    taken.push(...(await takeAll(queue, "bulk", 1)));
  }
  const { stamps, missing } = accountStamps(taken, bootId);
  expect(stamps).toHaveLength(confirmed);
  expect(missing).toEqual([]);
  expect(stamps.at(-1)?.sequence).toBeGreaterThan(confirmed);
}

async function takeAll(
  queue: MessageQueue,
  lane: "high" | "bulk",
  groups: number,
): Promise<readonly (readonly TakenGroup[])[]> {
  const probe = probeConsumer<AcceptedEnvelope>();
  const running = await queue.consumeAccepted(lane, probe.options);
  await waitFor(() => probe.takenGroups.flat().length >= groups, { what: `${groups} groups of ${lane}` });
  await running.stop(2000);
  return probe.takenGroups;
}
