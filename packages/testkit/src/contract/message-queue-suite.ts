import { type AcceptedEnvelope, LANES, type MessageQueue, type ReportEnvelope } from "@sms-gateway/contracts";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BUSY_MACHINE_MS } from "../busy-machine.ts";
import { waitFor } from "../wait-for.ts";
import { probeConsumer } from "./consumer-probe.ts";
import { messageQueueDeadLetterFacts } from "./message-queue-dead-letter-facts.ts";
import { messageQueueLimitFacts } from "./message-queue-limit-facts.ts";
import { exerciseMessageQueue, queueCommands } from "./message-queue-model.ts";
import { messageQueueStampFacts } from "./message-queue-stamp-facts.ts";
import type { MessageQueueWorld } from "./message-queue-world.ts";
import { sampleEnvelope, sampleEnvelopes, sampleReport } from "./sample-envelopes.ts";

/**
 * What every MessageQueue promises, whatever it runs on (architecture.md 5.2 and 5.3). Call it inside a `describe`.
 * Failures of the server itself (stopped, full, blocked, cut off) are the adapter's own tests.
 */
export function testMessageQueue(makeWorld: () => Promise<MessageQueueWorld>): void {
  let world: MessageQueueWorld;
  let queue: MessageQueue;

  beforeEach(async () => {
    world = await makeWorld();
    queue = await world.open();
  });
  afterEach(() => world.close());

  describe("stamps", () => messageQueueStampFacts(() => world));
  describe("limits", () => messageQueueLimitFacts(makeWorld));
  describe("dead letters", () => messageQueueDeadLetterFacts(() => world));

  test("hands over what was published, unchanged, in the lane it was published to", async () => {
    const sent = new Map(LANES.map((lane) => [lane, sampleEnvelopes(3)]));
    for (const [lane, envelopes] of sent) {
      expect(await queue.publishAccepted(lane, envelopes)).toEqual({ ending: "confirmed" });
    }
    for (const [lane, envelopes] of sent) {
      const probe = probeConsumer<AcceptedEnvelope>();
      const running = await queue.consumeAccepted(lane, probe.options);
      await waitFor(() => probe.taken.length > 0, { what: `the ${lane} lane` });
      await running.stop(2000);
      expect(probe.taken).toEqual([envelopes]);
    }
    expect(await depthOf(queue)).toBe(0);
  });

  test("keeps every byte of a report", async () => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1");
    const reports = [
      sampleReport({ body }),
      sampleReport({ message_id: null, attempt_number: null }),
      sampleReport({ body }),
    ];
    expect(await queue.publishReports(reports.slice(0, 1))).toEqual({ ending: "confirmed" });
    expect(await queue.publishReports(reports.slice(1))).toEqual({ ending: "confirmed" });
    const probe = probeConsumer<ReportEnvelope>();
    const running = await queue.consumeReports(probe.options);
    await waitFor(() => probe.taken.flat().length === 3, { what: "all reports" });
    await running.stop(2000);
    expect(probe.taken.flat()).toEqual(reports);
  });

  test("hands over what other adapters publish, while it consumes", async () => {
    const other = await world.open();
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("high", probe.options);
    const groups = Array.from({ length: 20 }, (_, index) => sampleEnvelopes((index % 3) + 1));
    const endings = await Promise.all(
      groups.map((group, index) => (index % 2 === 0 ? queue : other).publishAccepted("high", group)),
    );
    expect(new Set(endings.map(({ ending }) => ending))).toEqual(new Set(["confirmed"]));
    await waitFor(() => probe.taken.flat().length >= groups.flat().length, { what: "all groups" });
    expect(seedsOf(probe.taken.flat())).toEqual(seedsOf(groups.flat()));
  });

  test("counts groups, not envelopes", async () => {
    await queue.publishAccepted("normal", sampleEnvelopes(5));
    await queue.publishAccepted("bulk", sampleEnvelopes(1));
    await queue.publishReports([sampleReport()]);
    await waitFor(async () => (await depthOf(queue)) === 3, { what: "three waiting messages" });
    const depths = Object.values((await queue.depths()) ?? {});
    expect(depths.toSorted()).toEqual([0, 0, 1, 1, 1]);
  });

  test("hands the same batch over again until take has succeeded, and nothing else meanwhile", async () => {
    const first = sampleEnvelopes(2);
    const second = sampleEnvelopes(1);
    const probe = probeConsumer<AcceptedEnvelope>();
    probe.failNext(3);
    await queue.publishAccepted("normal", first);
    const running = await queue.consumeAccepted("normal", probe.options);
    await waitFor(() => probe.handed.length > 0, { what: "the first call" });
    await queue.publishAccepted("normal", second);
    await waitFor(() => probe.taken.flat().length === 3, { what: "both groups" });
    await running.stop(2000);
    expect(probe.handed).toEqual([first, first, first, first, second]);
    expect(probe.errors).toHaveLength(3);
    expect(probe.underWayMost()).toBe(1);
    expect(await depthOf(queue)).toBe(0);
  });

  test("gathers what has come meanwhile, in order, up to batchMax", async () => {
    const probe = probeConsumer<AcceptedEnvelope>(5);
    probe.hold();
    await queue.consumeAccepted("normal", probe.options);
    const first = sampleEnvelopes(1);
    await queue.publishAccepted("normal", first);
    await waitFor(() => probe.underWay() === 1, { what: "the first call" });
    const groups = [2, 2, 2, 9, 1].map((count) => sampleEnvelopes(count));
    for (const group of groups) await queue.publishAccepted("normal", group);
    // Confirmed: all of it is there to be gathered. Where consumers read ahead, it must also have reached this one.
    if (world.readsAhead)
      await waitFor(async () => (await depthOf(queue)) === 0, { what: "the rest to be handed out" });
    probe.release();
    await waitFor(() => probe.taken.flat().length === 17, { what: "all envelopes" });
    const [a = [], b = [], c = [], large = [], last = []] = groups;
    // A group is never divided: the one of nine is a batch of its own although batchMax is five.
    expect(probe.taken).toEqual([first, [...a, ...b], c, large, last]);
  });

  test("stops only after take is done with what it holds, and takes nothing more", async () => {
    const probe = probeConsumer<AcceptedEnvelope>(1);
    probe.hold();
    const running = await queue.consumeAccepted("normal", probe.options);
    const groups = [sampleEnvelopes(1), sampleEnvelopes(1), sampleEnvelopes(1)];
    for (const group of groups) await queue.publishAccepted("normal", group);
    await waitFor(() => probe.underWay() === 1, { what: "the first call" });
    let stopped = false;
    const stopping = running.stop(5000).then(() => {
      stopped = true;
    });
    // The others return to the queue before the stop is over.
    await queue.publishAccepted("bulk", sampleEnvelopes(1));
    expect(stopped).toBe(false);
    probe.release();
    await stopping;
    expect(probe.taken).toEqual([groups[0]]);
    const next = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("normal", next.options);
    await waitFor(() => next.taken.flat().length === 2, { what: "the other two groups" });
    expect(seedsOf(next.taken.flat())).toEqual(seedsOf(groups.slice(1).flat()));
    expect(probe.handed).toHaveLength(1);
  });

  test("gives a batch back when take is not done by the stop's deadline", async () => {
    const probe = probeConsumer<AcceptedEnvelope>();
    probe.hold();
    const running = await queue.consumeAccepted("normal", probe.options);
    const group = sampleEnvelopes(2);
    await queue.publishAccepted("normal", group);
    await waitFor(() => probe.underWay() === 1, { what: "the call that hangs" });
    const startedAt = performance.now();
    await running.stop(200);
    expect(performance.now() - startedAt).toBeLessThan(2000 + BUSY_MACHINE_MS);
    const next = probeConsumer<AcceptedEnvelope>();
    const other = await world.open();
    await other.consumeAccepted("normal", next.options);
    await waitFor(() => next.taken.length > 0, { what: "the batch to come again" });
    expect(next.taken).toEqual([group]);
    // The late success acknowledges nothing and harms nothing.
    probe.release();
    await waitFor(async () => (await depthOf(other)) === 0, { what: "empty queues" });
  });

  test("stops at once while it pauses after a failure, and gives the batch back", async () => {
    const probe = probeConsumer<AcceptedEnvelope>();
    probe.failNext(1000);
    const running = await queue.consumeAccepted("normal", probe.options);
    const group = sampleEnvelopes(1);
    await queue.publishAccepted("normal", group);
    await waitFor(() => probe.errors.length >= 2, { what: "two failures" });
    await running.stop(5000);
    const calls = probe.handed.length;
    const next = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("normal", next.options);
    await waitFor(() => next.taken.length > 0, { what: "the batch to come again" });
    expect(next.taken).toEqual([group]);
    expect(probe.handed).toHaveLength(calls);
  });

  test("hands a batch to one consumer only", async () => {
    const probes = [probeConsumer<AcceptedEnvelope>(3), probeConsumer<AcceptedEnvelope>(3)];
    const other = await world.open();
    const [first, second] = probes;
    if (first !== undefined) await queue.consumeAccepted("high", first.options);
    if (second !== undefined) await other.consumeAccepted("high", second.options);
    const groups = Array.from({ length: 30 }, () => sampleEnvelopes(2));
    await Promise.all(groups.map((group) => queue.publishAccepted("high", group)));
    const taken = (): AcceptedEnvelope[] => probes.flatMap((probe) => probe.taken.flat());
    await waitFor(() => taken().length >= 60, { what: "all envelopes" });
    await waitFor(async () => (await depthOf(queue)) === 0, { what: "empty queues" });
    expect(seedsOf(taken())).toEqual(seedsOf(groups.flat()));
  });

  test("puts a bad envelope aside alone; the good ones of its group go on", async () => {
    const good = sampleEnvelopes(3);
    const [a, b, c] = good;
    const unknownVersion = { ...sampleEnvelope(), version: 2 };
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("normal", probe.options);
    await world.putGroup("normal", [a, { nothing: true }, b, unknownVersion, c]);
    await waitFor(() => probe.deadLetters.length === 2, { what: "two dead letters" });
    expect(probe.taken).toEqual([good]);
    expect(probe.errors).toEqual([]);
    await waitFor(async () => (await depthOf(queue)) === 2, { what: "two dead letters in their queue" });
  });

  test.each([
    ["is no JSON", Buffer.from("hello")],
    ["is empty", Buffer.alloc(0)],
    ["is not UTF-8", Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ["is of an unknown type", Buffer.from(JSON.stringify({ type: "sms.other", version: 1, envelopes: [] }))],
    ["is of a later version", Buffer.from(JSON.stringify({ type: "sms.accepted.group", version: 2, envelopes: [] }))],
  ])("puts aside what %s, and goes on with the next", async (_, bytes) => {
    const group = sampleEnvelopes(1);
    const probe = probeConsumer<AcceptedEnvelope>();
    await world.putBytes("high", bytes);
    await queue.publishAccepted("high", group);
    await queue.consumeAccepted("high", probe.options);
    await waitFor(() => probe.deadLetters.length === 1 && probe.taken.length === 1, { what: "both" });
    expect(probe.taken).toEqual([group]);
    expect(probe.errors).toEqual([]);
    await waitFor(async () => (await depthOf(queue)) === 1, { what: "the dead letter in its queue" });
  });

  test("says nothing of a message's text or numbers when it puts it aside", async () => {
    const secret = "+4915112345678 your code is 4711";
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("high", probe.options);
    await world.putBytes("high", Buffer.from(secret));
    await world.putGroup("high", [{ ...sampleEnvelope(), segments: secret, text: 1 }, secret]);
    await waitFor(() => probe.deadLetters.length === 3, { what: "the dead letters" });
    expect(JSON.stringify(probe.deadLetters)).not.toMatch(/4711|4915/);
  });

  test("finishes what is being published before it closes, and publishes nothing after", async () => {
    const group = sampleEnvelopes(1);
    const publishing = queue.publishAccepted("normal", group);
    const closing = queue.close();
    expect(await queue.publishAccepted("normal", sampleEnvelopes(1))).toEqual({
      ending: "not_handed_over",
      reason: "stopping",
    });
    expect(await queue.publishReports([sampleReport()])).toEqual({ ending: "not_handed_over", reason: "stopping" });
    expect(await publishing).toEqual({ ending: "confirmed" });
    await closing;
    const other = await world.open();
    const probe = probeConsumer<AcceptedEnvelope>();
    await other.consumeAccepted("normal", probe.options);
    await waitFor(() => probe.taken.length > 0, { what: "the group" });
    expect(probe.taken).toEqual([group]);
  });

  test("drains its consumers when it is closed", async () => {
    const probe = probeConsumer<AcceptedEnvelope>();
    probe.hold();
    await queue.consumeAccepted("normal", probe.options);
    await queue.publishAccepted("normal", sampleEnvelopes(1));
    await waitFor(() => probe.underWay() === 1, { what: "the first call" });
    const closing = queue.close();
    probe.release();
    await closing;
    expect(probe.taken).toHaveLength(1);
    expect(await depthOf(await world.open())).toBe(0);
  });

  test("says that it is well", () => {
    expect(queue.health()).toEqual({ ok: true });
  });

  test("loses nothing and doubles nothing, however consumers fail, stop and start", async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(queueCommands, { maxCommands: 25 }), async (commands) => {
        const own = await makeWorld();
        try {
          await exerciseMessageQueue(own, commands);
        } finally {
          await own.close();
        }
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
}

async function depthOf(queue: MessageQueue): Promise<number | undefined> {
  const depths = await queue.depths();
  return depths === undefined ? undefined : Object.values(depths).reduce((sum, depth) => sum + depth, 0);
}

function seedsOf(envelopes: readonly AcceptedEnvelope[]): string[] {
  return envelopes.map(({ seed }) => seed).toSorted();
}
