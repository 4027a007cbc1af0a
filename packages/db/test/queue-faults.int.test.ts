import type { AcceptedEnvelope, MessageQueue, PublishEnding } from "@sms-gateway/contracts";
import {
  BUSY_MACHINE_MS,
  describeWithOwn,
  type PostgresServer,
  probeConsumer,
  sampleEnvelope,
  sampleEnvelopes,
  sampleReport,
  waitFor,
} from "@sms-gateway/testkit";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createQueueDatabase, type DbQueueWorld, openQueueWorld } from "./queue-world.ts";

/** Two cores shared with other suites. */
const SERVER_LIMIT_MS = 60_000;
const UNREACHABLE = { ending: "not_handed_over", reason: "queue_unreachable" };

describeWithOwn("postgres", "the message queue and its Postgres", (start) => {
  let server: PostgresServer;
  let url: string;
  let world: DbQueueWorld;

  beforeAll(async () => {
    server = await start();
    url = (await createQueueDatabase(server.url)).url;
  }, 2 * SERVER_LIMIT_MS);
  beforeEach(async () => {
    world = await openQueueWorld(url);
  });
  afterEach(() => world.close());

  const publishOne = (queue: MessageQueue) => queue.publishAccepted("normal", sampleEnvelopes(1));
  const untilWell = (queue: MessageQueue) => waitFor(() => queue.health().ok, { what: "recovery" });

  test(
    "that is killed under load: what was confirmed is there, what was not handed over is not",
    async () => {
      const queue = await world.open();
      const ended: { readonly seed: string; readonly ending: PublishEnding["ending"] }[] = [];
      let slowestMs = 0;
      let isOver = false;
      const publishUntilOver = async (): Promise<void> => {
        while (!isOver) {
          const envelope = sampleEnvelope();
          const startedAt = performance.now();
          const { ending } = await queue.publishAccepted("normal", [envelope]);
          slowestMs = Math.max(slowestMs, performance.now() - startedAt);
          ended.push({ seed: envelope.seed, ending });
        }
      };
      const countOf = (ending: string): number => ended.filter((one) => one.ending === ending).length;
      const publishers = Array.from({ length: 6 }, publishUntilOver);
      for (let kills = 0; kills < 2; kills += 1) {
        const confirmed = countOf("confirmed");
        const refused = countOf("not_handed_over");
        await waitFor(() => countOf("confirmed") > confirmed + 50, { what: "some load" });
        await server.kill();
        await waitFor(() => countOf("not_handed_over") > refused, { what: "the loss to be known" });
        await server.start();
        await untilWell(queue);
      }
      isOver = true;
      await Promise.all(publishers);
      expect(slowestMs).toBeLessThan(5500 + BUSY_MACHINE_MS);

      const probe = probeConsumer<AcceptedEnvelope>();
      await queue.consumeAccepted("normal", probe.options);
      await waitFor(async () => (await queue.depths())?.["sms.accepted.normal"] === 0, { what: "everything" });
      const present = new Set(probe.taken.flat().map(({ seed }) => seed));
      const wrong = ended.filter(({ seed, ending }) =>
        ending === "confirmed" ? !present.has(seed) : ending === "not_handed_over" && present.has(seed),
      );
      expect(wrong).toEqual([]);
    },
    2 * SERVER_LIMIT_MS,
  );

  test(
    "that is killed while take runs: the batch comes again",
    async () => {
      const queue = await world.open();
      const probe = probeConsumer<AcceptedEnvelope>();
      probe.hold();
      await queue.consumeAccepted("high", probe.options);
      const group = sampleEnvelopes(3);
      expect(await queue.publishAccepted("high", group)).toEqual({ ending: "confirmed" });
      await waitFor(() => probe.underWay() === 1, { what: "the first call" });
      await server.kill();
      await waitFor(() => !queue.health().ok, { what: "the loss to be known" });
      expect(await publishOne(queue)).toEqual(UNREACHABLE);
      expect(await queue.depths()).toBeUndefined();
      // Done, but nothing can settle it.
      probe.release();
      await waitFor(() => probe.errors.length > 0, { what: "the outage to be told" });
      await server.start();
      await untilWell(queue);
      await waitFor(() => probe.taken.length === 2, { what: "the batch to come again" });
      expect(probe.taken).toEqual([group, group]);
      expect(probe.errors).toHaveLength(1);
      await waitFor(async () => (await queue.depths())?.["sms.accepted.high"] === 0, {
        what: "the batch to be settled",
      });
    },
    2 * SERVER_LIMIT_MS,
  );

  test(
    "that is frozen: publishes are in doubt for 5 s, the next are refused at once, and all recovers",
    async () => {
      const queue = await world.open();
      const leaver = await world.open();
      const probe = probeConsumer<AcceptedEnvelope>();
      await queue.consumeAccepted("normal", probe.options);
      await untilWell(queue);
      await server.pause();
      let endings: PublishEnding[] = [];
      try {
        const startedAt = performance.now();
        const publishing = [publishOne(queue), queue.publishReports([sampleReport()])];
        await waitFor(() => !queue.health().ok, { what: "the silence to be known" });
        const knownAt = performance.now();
        expect(knownAt - startedAt).toBeLessThan(3500 + BUSY_MACHINE_MS);
        expect(await publishOne(queue)).toEqual(UNREACHABLE);
        expect(performance.now() - knownAt).toBeLessThan(1000 + BUSY_MACHINE_MS);
        const closingAt = performance.now();
        await leaver.close();
        expect(performance.now() - closingAt).toBeLessThan(3000 + BUSY_MACHINE_MS);
        endings = await Promise.all(publishing);
        expect(performance.now() - startedAt).toBeLessThan(5500 + BUSY_MACHINE_MS);
      } finally {
        await server.resume();
      }
      // Of the two, one may have found no connection to be written to.
      expect(endings).toContainEqual({ ending: "unconfirmed" });
      await untilWell(queue);
      const group = sampleEnvelopes(2);
      expect(await queue.publishAccepted("normal", group)).toEqual({ ending: "confirmed" });
      await waitFor(() => probe.taken.flat().length >= 2, { what: "what was confirmed" });
    },
    SERVER_LIMIT_MS,
  );

  test(
    "that is stopped and started keeps everything",
    async () => {
      const queue = await world.open();
      const groups = [sampleEnvelopes(1), sampleEnvelopes(2)];
      for (const group of groups) expect(await queue.publishAccepted("bulk", group)).toEqual({ ending: "confirmed" });
      await server.stop();
      await waitFor(() => !queue.health().ok, { what: "the loss to be known" });
      await server.start();
      await untilWell(queue);
      const probe = probeConsumer<AcceptedEnvelope>(1);
      await queue.consumeAccepted("bulk", probe.options);
      await waitFor(() => probe.taken.length === 2, { what: "both groups" });
      expect(probe.taken).toEqual(groups);
    },
    2 * SERVER_LIMIT_MS,
  );
});
