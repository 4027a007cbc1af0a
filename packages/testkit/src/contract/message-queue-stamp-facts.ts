import { randomUUID } from "node:crypto";
import {
  type AcceptedEnvelope,
  LANES,
  type Lane,
  type MessageQueue,
  type ReportEnvelope,
} from "@sms-gateway/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { waitFor } from "../wait-for.ts";
import { type ConsumerProbe, probeConsumer } from "./consumer-probe.ts";
import type { MessageQueueWorld } from "./message-queue-world.ts";
import { sampleEnvelope, sampleEnvelopes, sampleReport } from "./sample-envelopes.ts";
import { accountStamps } from "./stamp-account.ts";

/** Facts about stamps, and about the groups that a batch consists of. */
export function messageQueueStampFacts(present: () => MessageQueueWorld): void {
  test("stamps the groups of each lane 1, 2, 3 …, with their messages by day", async () => {
    const publishing = fc.record({
      lane: fc.constantFrom(...LANES),
      days: fc.array(fc.tuple(fc.constantFrom("2026-02-28", "2026-03-01"), fc.integer({ min: 1, max: 4 })), {
        minLength: 1,
        maxLength: 3,
      }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(publishing, { minLength: 1, maxLength: 12 }), async (groups) => {
        const bootId = randomUUID();
        const queue = await present().open({ bootId });
        const expected: Record<Lane, { groups: number; messages: Record<string, number> }> = {
          high: { groups: 0, messages: {} },
          normal: { groups: 0, messages: {} },
          bulk: { groups: 0, messages: {} },
        };
        const endings = groups.map(({ lane, days }) => {
          const { messages } = expected[lane];
          expected[lane].groups += 1;
          for (const [day, count] of days) messages[day] = (messages[day] ?? 0) + count;
          return queue.publishAccepted(
            lane,
            days.map(([day, count]) => acceptedOn(day, count)),
          );
        });
        expect(new Set((await Promise.all(endings)).map(({ ending }) => ending))).toEqual(new Set(["confirmed"]));
        for (const lane of LANES) {
          const probe = await drain(queue, lane, expected[lane].groups);
          const { stamps, messages } = accountStamps(probe.takenGroups, bootId);
          const sequences = Array.from({ length: expected[lane].groups }, (_, index) => index + 1);
          expect(stamps.map(({ sequence }) => sequence)).toEqual(sequences);
          expect(messages).toEqual(expected[lane].messages);
        }
        await queue.close();
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });

  test("says in each lane up to where all groups have ended", async () => {
    const bootId = randomUUID();
    const queue = await present().open({ bootId });
    for (const lane of ["high", "high", "bulk", "high"] as const) {
      expect(await queue.publishAccepted(lane, sampleEnvelopes(1))).toEqual({ ending: "confirmed" });
    }
    const { stamps } = accountStamps((await drain(queue, "high", 3)).takenGroups, bootId);
    expect(stamps.map(({ sequence, settled }) => [sequence, settled])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
    await queue.close();
  });

  test("hands over a batch's groups one behind the other, good and bad parts counted", async () => {
    const queue = await present().open();
    const stamp = (sequence: number) => ({ boot_id: "b", sequence, messages: { "2026-11-21": 3 } });
    const [first, second] = [sampleEnvelopes(2), sampleEnvelopes(1)];
    await present().putGroup("normal", [{ bad: true }, ...first], stamp(1));
    await present().putGroup("normal", [{ bad: true }, { bad: true }], stamp(2));
    await present().putGroup("normal", second);
    const probe = probeConsumer<AcceptedEnvelope>(1000);
    await queue.consumeAccepted("normal", probe.options);
    await waitFor(() => probe.taken.flat().length === 3 && probe.deadLetters.length === 3, { what: "all groups" });
    expect(probe.taken.flat()).toEqual([...first, ...second]);
    expect(probe.takenGroups.flat()).toEqual([
      { stamp: readable(1), size: 2, buried: 1 },
      { stamp: readable(2), size: 0, buried: 2 },
      { stamp: null, size: 1, buried: 0 },
    ]);
    for (const [index, batch] of probe.taken.entries()) {
      const sizes = (probe.takenGroups[index] ?? []).map(({ size }) => size);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(batch.length);
    }
  });

  test("hands over the stamp of a group of which nothing can be read", async () => {
    const queue = await present().open();
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("high", probe.options);
    const stamp = { boot_id: "b", sequence: 1, messages: { "2026-11-21": 3 }, voided: [] };
    await present().putBytes("high", Buffer.from("no JSON"), stamp);
    await waitFor(() => probe.deadLetters.length === 1, { what: "the dead letter" });
    expect(probe.taken).toEqual([[]]);
    expect(probe.takenGroups).toEqual([[{ stamp: readable(1), size: 0, buried: 1 }]]);
  });

  test("calls nobody for a group without a stamp of which nothing can be read", async () => {
    const queue = await present().open();
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("high", probe.options);
    await present().putBytes("high", Buffer.from("no JSON"));
    await waitFor(() => probe.deadLetters.length === 1, { what: "the dead letter" });
    expect(probe.handed).toEqual([]);
  });

  test.each<[string, unknown]>([
    ["of an older version", { boot_id: "b", sequence: 1, count: 2 }],
    ["that is none", "x"],
    ["with a wrong number", { boot_id: "b", sequence: -1, messages: { "2026-11-21": 1 } }],
  ])("takes a group with a stamp %s as one without", async (_, stamp) => {
    const queue = await present().open();
    const probe = probeConsumer<AcceptedEnvelope>();
    const group = sampleEnvelopes(2);
    await present().putGroup("bulk", group, stamp);
    await queue.consumeAccepted("bulk", probe.options);
    await waitFor(() => probe.taken.length === 1, { what: "the group" });
    expect(probe.taken).toEqual([group]);
    expect(probe.takenGroups).toEqual([[{ stamp: null, size: 2, buried: 0 }]]);
    expect(probe.errors).toEqual([]);
  });

  test("hands the same stamps over again until take has succeeded", async () => {
    const queue = await present().open({ bootId: "boot-2" });
    const probe = probeConsumer<AcceptedEnvelope>();
    probe.failNext(2);
    await queue.publishAccepted("normal", sampleEnvelopes(2));
    await queue.consumeAccepted("normal", probe.options);
    await waitFor(() => probe.taken.length === 1, { what: "the group" });
    const [first] = probe.handedGroups;
    expect(first).toMatchObject([{ stamp: { bootId: "boot-2", sequence: 1 }, size: 2, buried: 0 }]);
    expect(probe.handedGroups).toEqual([first, first, first]);
  });

  test("hands reports over without stamps", async () => {
    const queue = await present().open();
    const probe = probeConsumer<ReportEnvelope>();
    await queue.publishReports([sampleReport()]);
    await queue.consumeReports(probe.options);
    await waitFor(() => probe.taken.length === 1, { what: "the report" });
    expect(probe.takenGroups).toEqual([[{ stamp: null, size: 1, buried: 0 }]]);
  });
}

function readable(sequence: number) {
  return { bootId: "b", sequence, messages: { "2026-11-21": 3 }, settled: 0, voided: [] };
}

function acceptedOn(day: string, messages: number): AcceptedEnvelope {
  const recipients = Array.from({ length: messages }, () => ({ id: randomUUID(), to: "+14155550100" }));
  return sampleEnvelope({ accepted_at: `${day}T23:59:59.999Z`, recipients });
}

/** Takes so many groups from a lane. */
async function drain(queue: MessageQueue, lane: Lane, groups: number): Promise<ConsumerProbe<AcceptedEnvelope>> {
  const probe = probeConsumer<AcceptedEnvelope>();
  if (groups === 0) return probe;
  const running = await queue.consumeAccepted(lane, probe.options);
  await waitFor(() => probe.takenGroups.flat().length >= groups, { what: `${groups} groups of ${lane}` });
  await running.stop(2000);
  return probe;
}
