import { randomUUID } from "node:crypto";
import {
  type AcceptedEnvelope,
  BOOTSTRAP_CLIENT_ID,
  makeMessageId,
  makeSeed,
  type PublishEnding,
} from "@sms-gateway/contracts";
import { countDeadLetters, findMessage, keepDeadLetters, recordAccepted } from "@sms-gateway/db";
import { describeWith, sampleEnvelope } from "@sms-gateway/testkit";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { deadLetterTasks } from "../src/dead-letters/dead-letter-tasks.ts";
import { discardLetters } from "../src/dead-letters/discard-dead-letters.ts";
import { requeueDeadLetters } from "../src/dead-letters/requeue-dead-letters.ts";
import { planRecord } from "../src/messages/plan-record.ts";
import { openWorkerDatabase, type WorkerDatabase } from "./worker-database.ts";

const SECRET = "id-secret-of-these-tests";
const ALL = { all: true } as const;
const QUEUE = "sms.accepted.normal";

describeWith("postgres", "the work on dead letters", (adminUrl) => {
  let parts: WorkerDatabase;
  beforeAll(async () => {
    parts = await openWorkerDatabase(adminUrl);
  });
  afterAll(() => parts.close());
  beforeEach(async () => {
    await discardLetters(discarding(), ALL);
  });

  const discarding = () => ({ ...parts, idSecret: SECRET });

  async function keep(body: unknown, queue = QUEUE): Promise<string> {
    const id = randomUUID();
    const facts = { queue, problem: "odd", partIndex: null, buriedAt: new Date() };
    await keepDeadLetters(parts.db, [{ ...facts, id, body: Buffer.from(JSON.stringify(body)) }]);
    return id;
  }

  function makeEnvelope(): { envelope: AcceptedEnvelope; ids: string[] } {
    const seed = makeSeed(Date.now());
    const ids = [0, 1].map((index) => makeMessageId(SECRET, BOOTSTRAP_CLIENT_ID, seed, index));
    const recipients = ids.map((id) => ({ id, to: "+12025550123" }));
    const facts = { key_id: null, idempotency_key_hash: null, fingerprint: null, idempotency_expires_at: null };
    return { envelope: sampleEnvelope({ seed, client_id: BOOTSTRAP_CLIENT_ID, ...facts, recipients }), ids };
  }

  /** As it was accepted, by a version that writes a field otherwise. */
  const makeUnreadable = (envelope: AcceptedEnvelope) => ({ ...envelope, version: 9, text: { body: "Jane's code" } });

  const find = (id: string) => findMessage(parts.db, BOOTSTRAP_CLIENT_ID, id);

  it("requeues each letter once, though it comes back at once while it goes on", async () => {
    for (let n = 0; n < 40; n += 1) await keep(n);
    let published = 0;
    const queue = {
      async republish({ body }: { readonly body: Buffer }): Promise<PublishEnding> {
        published += 1;
        await keep(JSON.parse(body.toString()));
        return { ending: "confirmed" };
      },
    };
    expect(await requeueDeadLetters({ ...parts, queue }, ALL)).toEqual({ requeued: 40, failed: 0, left: 0 });
    expect(published).toBe(40);
    expect(await countDeadLetters(parts.db)).toEqual(new Map([[QUEUE, 40]]));
  });

  it("records messages of a discarded letter as rejected, and tells which", async () => {
    const { envelope, ids } = makeEnvelope();
    const letter = await keep(makeUnreadable(envelope));
    expect(await discardLetters(discarding(), { ids: [letter] })).toEqual({ discarded: 1, failed: 0, left: 0 });
    for (const id of ids) {
      const message = await find(id);
      expect(message).toMatchObject({ status: "rejected", error: { code: "DEAD_LETTER_DISCARDED" } });
      expect(JSON.stringify(message)).not.toMatch(/2025550123|Jane/);
    }
    expect(
      parts.log.find(({ dead_letter_id: id, event }) => id === letter && event === "dead_letter.rejected"),
    ).toEqual(expect.objectContaining({ message_ids: expect.arrayContaining(ids) }));
  });

  it("changes nothing about messages of a discarded letter that are recorded", async () => {
    const { envelope, ids } = makeEnvelope();
    const planning = { defaultProvider: "twilio", passesCircuit: () => true } as const;
    const context = { ...planning, providers: parts.directory.providers() };
    const client = parts.directory.client(BOOTSTRAP_CLIENT_ID);
    await recordAccepted(parts.db, planRecord(envelope, { ...context, client, now: new Date() }));
    const before = await find(ids[0] ?? "");
    await keep(makeUnreadable(envelope));
    await discardLetters(discarding(), ALL);
    expect(before).toBeDefined();
    expect(await find(ids[0] ?? "")).toEqual(before);
  });

  it("shows for how long the oldest one is kept", async () => {
    const queue = { republish: async (): Promise<PublishEnding> => ({ ending: "confirmed" }) };
    const settings = { ID_SECRET: SECRET, MESSAGE_RETENTION_DAYS: 90 };
    const show = async () => {
      const tasks = deadLetterTasks({ ...parts, queue, settings });
      await tasks.find(({ name }) => name === "dead_letter_count")?.run();
      return (await parts.metrics.deadLettersOldestSeconds.get()).values[0]?.value;
    };
    expect(await show()).toBe(0);
    await keep("?");
    expect(await show()).toBeGreaterThan(0);
  });

  it("drops what nobody has decided about for as long as messages are kept, and nothing before", async () => {
    const { envelope, ids } = makeEnvelope();
    const letter = await keep(makeUnreadable(envelope));
    const queue = { republish: async (): Promise<PublishEnding> => ({ ending: "confirmed" }) };
    const drop = async (days: number) => {
      const settings = { ID_SECRET: SECRET, MESSAGE_RETENTION_DAYS: days };
      const tasks = deadLetterTasks({ ...parts, queue, settings });
      await tasks.find(({ name }) => name === "old_dead_letters")?.run();
    };
    await drop(1);
    expect(await countDeadLetters(parts.db)).toEqual(new Map([[QUEUE, 1]]));
    await drop(0);
    expect(await countDeadLetters(parts.db)).toEqual(new Map());
    expect((await find(ids[0] ?? ""))?.status).toBe("rejected");
    expect(parts.log.filter(({ event }) => event === "dead_letter.expired")).toMatchObject([
      { level: expect.anything(), dead_letter_id: letter, queue: QUEUE, reason: "odd" },
    ]);
    expect(await parts.registry.metrics()).toMatch(/sms_dead_letter_actions_total\{[^}]*action="expired"[^}]*\} 1\n/);
  });
});
