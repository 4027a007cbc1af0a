import type { AcceptedEnvelope, BuriedLetter, MessageQueue, ReportEnvelope } from "@sms-gateway/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { waitFor } from "../wait-for.ts";
import { type ConsumerProbe, probeConsumer } from "./consumer-probe.ts";
import type { MessageQueueWorld } from "./message-queue-world.ts";
import { sampleEnvelope, sampleEnvelopes, sampleReport } from "./sample-envelopes.ts";

const CONFIRMED = { ending: "confirmed" };

/** Facts about what was buried: how it is taken, and what becomes of it when it is published once more. */
export function messageQueueDeadLetterFacts(present: () => MessageQueueWorld): void {
  test("hands over what was buried, with everything that is known of it, in order", async () => {
    const queue = await present().open();
    const startedAt = Date.now();
    const bad = { ...sampleEnvelope(), segments: 0 };
    await present().putGroup("high", [sampleEnvelope(), bad, { nothing: true }]);
    await present().putBytes("high", Buffer.from([0, 255, 123]));
    await bury(queue, 3);
    const probe = probeConsumer<BuriedLetter>();
    await queue.consumeDead(probe.options);
    await waitFor(() => probe.taken.flat().length === 3, { what: "three dead letters" });
    const [part, nothing, whole] = probe.taken.flat();
    expect(part).toMatchObject({ queue: expect.stringMatching(/sms\.accepted\.high$/), partIndex: 1 });
    expect(part?.problem).toMatch(/^\/envelopes\/1: \/segments /);
    expect(JSON.parse(part?.body.toString() ?? "")).toEqual(bad);
    expect(nothing).toMatchObject({ partIndex: 2, body: Buffer.from('{"nothing":true}') });
    expect(whole).toMatchObject({ partIndex: null, problem: "not UTF-8", body: Buffer.from([0, 255, 123]) });
    expect(new Set(probe.taken.flat().map(({ id }) => id)).size).toBe(3);
    for (const { buriedAt } of probe.taken.flat()) {
      // The server's clock may tell the time.
      expect(Math.abs(buriedAt.getTime() - startedAt)).toBeLessThan(60_000);
    }
    await waitFor(async () => (await depthOf(queue)) === 0, { what: "empty queues" });
  });

  test("hands dead letters over again, the same under the same ids, until take has succeeded", async () => {
    const queue = await present().open();
    await present().putGroup("normal", [{ first: 1 }, { second: 2 }]);
    await bury(queue, 2);
    const failing = probeConsumer<BuriedLetter>();
    failing.failNext(1000);
    const running = await queue.consumeDead(failing.options);
    await waitFor(() => failing.errors.length >= 2, { what: "two failures" });
    await running.stop(5000);
    const probe = probeConsumer<BuriedLetter>();
    await queue.consumeDead(probe.options);
    await waitFor(() => probe.taken.flat().length === 2, { what: "both to come again" });
    expect(probe.taken.flat()).toEqual(failing.handed[0]);
    expect(failing.handed[1]).toEqual(failing.handed[0]);
  });

  test("hands a dead letter to one consumer only", async () => {
    const queue = await present().open();
    const other = await present().open();
    await present().putGroup(
      "bulk",
      Array.from({ length: 40 }, (_, index) => ({ index })),
    );
    await bury(queue, 40);
    const probes = [probeConsumer<BuriedLetter>(3), probeConsumer<BuriedLetter>(3)] as const;
    await queue.consumeDead(probes[0].options);
    await other.consumeDead(probes[1].options);
    const letters = () => probes.flatMap(({ taken }) => taken.flat());
    await waitFor(() => letters().length >= 40, { what: "all dead letters" });
    await waitFor(async () => (await depthOf(queue)) === 0, { what: "empty queues" });
    const indexes = letters().map(({ partIndex }) => partIndex ?? -1);
    expect(indexes.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index));
    // Each consumer has its share in order.
    for (const { taken } of probes) {
      const own = taken.flat().map(({ partIndex }) => partIndex ?? -1);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  });

  test("takes dead letters that are buried while it consumes", async () => {
    const queue = await present().open();
    const probe = probeConsumer<BuriedLetter>();
    await queue.consumeDead(probe.options);
    await queue.consumeReports(probeConsumer<ReportEnvelope>().options);
    await present().putBytes("reports", Buffer.from("no JSON"));
    await waitFor(() => probe.taken.length === 1, { what: "the dead letter" });
    expect(probe.taken.flat()).toMatchObject([{ queue: expect.stringMatching(/sms\.reports$/), partIndex: null }]);
  });

  test("reads a dead letter that is published once more and can be read now", async () => {
    const parts = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }).filter((isGood) => isGood.includes(false));
    await fc.assert(
      fc.asyncProperty(parts, async (isGood) => {
        const queue = await present().open();
        const envelopes = isGood.map(() => sampleEnvelope());
        const values = envelopes.map((envelope, index) => (isGood[index] ? envelope : { ...envelope, version: 2 }));
        await present().putGroup("normal", values);
        const probe = probeConsumer<AcceptedEnvelope>();
        await queue.consumeAccepted("normal", probe.options);
        const dead = probeConsumer<BuriedLetter>();
        const running = await queue.consumeDead(dead.options);
        const badCount = isGood.filter((good) => !good).length;
        await waitFor(() => dead.taken.flat().length === badCount, { what: "the dead letters" });
        for (const { problem } of dead.taken.flat()) expect(problem).toContain("newer version");
        // What was written by a newer version, as whoever reads that version sees it.
        const mended = dead.taken.flat().map((letter) => ({ ...letter, body: withVersion(letter.body, 1) }));
        for (const letter of mended) expect(await queue.republish(letter)).toEqual(CONFIRMED);
        await waitFor(() => probe.taken.flat().length === envelopes.length, { what: "all envelopes" });
        expect(
          probe.taken
            .flat()
            .map(({ seed }) => seed)
            .toSorted(),
        ).toEqual(envelopes.map(({ seed }) => seed).toSorted());
        // Not counted a second time.
        expect(probe.takenGroups.flat().every(({ stamp }) => stamp === null)).toBe(true);
        await running.stop(2000);
        await queue.close();
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });

  test("reads a whole group and a report that are published once more", async () => {
    const queue = await present().open();
    const envelopes = sampleEnvelopes(3);
    const report = sampleReport();
    const group = { type: "sms.accepted.group", version: 1, envelopes };
    const letters = [
      { queue: "sms.accepted.high", body: Buffer.from(JSON.stringify(group)) },
      { queue: "sms.reports", body: Buffer.from(JSON.stringify(report)) },
    ];
    for (const letter of letters) expect(await queue.republish(letter)).toEqual(CONFIRMED);
    const accepted = probeConsumer<AcceptedEnvelope>();
    const reports = probeConsumer<ReportEnvelope>();
    await queue.consumeAccepted("high", accepted.options);
    await queue.consumeReports(reports.options);
    await waitFor(() => accepted.taken.length === 1 && reports.taken.length === 1, { what: "both" });
    expect(accepted.taken).toEqual([envelopes]);
    expect(reports.taken).toEqual([[report]]);
  });

  test("buries again what is published once more and is still bad, as it was and under another id", async () => {
    const queue = await present().open();
    await present().putGroup("bulk", [{ still: "bad" }]);
    await present().putBytes("bulk", Buffer.from([7, 255]));
    await present().putBytes("reports", Buffer.from("no JSON"));
    await queue.consumeReports(probeConsumer<ReportEnvelope>().options);
    await queue.consumeAccepted("bulk", probeConsumer<AcceptedEnvelope>().options);
    const first = await takeDead(queue, 3);
    for (const letter of first.taken.flat()) expect(await queue.republish(letter)).toEqual(CONFIRMED);
    const second = await takeDead(queue, 3);
    const bodies = (probe: ConsumerProbe<BuriedLetter>) =>
      probe.taken
        .flat()
        .map(({ body }) => body.toString("hex"))
        .toSorted();
    expect(bodies(second)).toEqual(bodies(first));
    expect(new Set([...first.taken.flat(), ...second.taken.flat()].map(({ id }) => id)).size).toBe(6);
  });

  test("hands nothing over that is for none of its queues", async () => {
    const queue = await present().open();
    const body = Buffer.from("{}");
    const unreachable = { ending: "not_handed_over", reason: "queue_unreachable" };
    for (const name of ["sms.dead", "unknown", ""])
      expect(await queue.republish({ queue: name, body })).toEqual(unreachable);
    await queue.close();
    expect(await queue.republish({ queue: "sms.reports", body })).toEqual({
      ending: "not_handed_over",
      reason: "stopping",
    });
  });
}

/** Has every lane read until so many parts are dead letters. */
async function bury(queue: MessageQueue, letters: number): Promise<void> {
  const probe = probeConsumer<AcceptedEnvelope>();
  const running = await Promise.all(
    (["high", "normal", "bulk"] as const).map((lane) => queue.consumeAccepted(lane, probe.options)),
  );
  await waitFor(() => probe.deadLetters.length >= letters, { what: `${letters} dead letters` });
  await Promise.all(running.map((one) => one.stop(2000)));
}

async function takeDead(queue: MessageQueue, letters: number): Promise<ConsumerProbe<BuriedLetter>> {
  const probe = probeConsumer<BuriedLetter>();
  const running = await queue.consumeDead(probe.options);
  await waitFor(() => probe.taken.flat().length >= letters, { what: `${letters} dead letters` });
  await running.stop(2000);
  return probe;
}

function withVersion(body: Buffer, version: number): Buffer {
  const value: unknown = JSON.parse(body.toString());
  return Buffer.from(JSON.stringify(typeof value === "object" ? { ...value, version } : value));
}

async function depthOf(queue: MessageQueue): Promise<number | undefined> {
  const depths = await queue.depths();
  return depths === undefined ? undefined : Object.values(depths).reduce((sum, depth) => sum + depth, 0);
}
