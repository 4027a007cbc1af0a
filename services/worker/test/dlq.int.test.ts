import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import {
  type Database,
  keepDeadLetters,
  listDeadLetters,
  migrate,
  openDatabase,
  removeDeadLetters,
} from "@sms-gateway/db";
import { createTestDatabase, describeWith, inheritedEnvironment } from "@sms-gateway/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseDeadLetterCommand } from "../src/admin/parse-dead-letter-command.ts";
import { runDeadLetterCommand } from "../src/admin/run-dead-letter-command.ts";
import { makeEnvelope, newNumber, openWorld, type WorkerWorld } from "./worker-world.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/** Runs the script itself, as the make target does, without a terminal. */
function runScript(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: unknown; out: string; err: string }> {
  const args = ["--import", "tsx", "--conditions=@sms-gateway/source", "scripts/dlq.ts", ...words];
  return new Promise((done) => {
    const options = { cwd: ROOT, env: { ...inheritedEnvironment(), ...env }, timeout: 30_000 };
    execFile(process.execPath, args, options, (error, out, err) => done({ code: error?.code ?? 0, out, err }));
  });
}

async function keep(db: Database, queue: string, body: string): Promise<string> {
  const id = randomUUID();
  const facts = { queue, problem: "odd", partIndex: null, buriedAt: new Date("2026-01-02T03:04:05.000Z") };
  await keepDeadLetters(db, [{ ...facts, id, body: Buffer.from(body) }]);
  return id;
}

const dlq = (db: Database, line: string, patienceMs?: number) =>
  runDeadLetterCommand(db, parseDeadLetterCommand(line.split(" ").filter(Boolean)), patienceMs);

describeWith("postgres", "make dlq", (adminUrl) => {
  describeWith("rabbitmq", "with a queue", (rabbitmqUrl) => {
    describeWith("redis", "and a worker", (redisUrl) => {
      let databaseUrl = "";
      let world: WorkerWorld;
      let drop = async (): Promise<void> => undefined;
      beforeAll(async () => {
        const database = await createTestDatabase(adminUrl);
        drop = database.drop;
        databaseUrl = database.url;
        world = await openWorld({ databaseUrl, rabbitmqUrl, redisUrl });
      });
      afterAll(async () => {
        await world.stop();
        await drop();
      });
      beforeEach(async () => {
        const { items } = await listDeadLetters(world.db, { limit: 100, bodyBytesMax: 0 });
        await removeDeadLetters(
          world.db,
          items.map(({ id }) => id),
        );
      });

      it("has the worker give letters back, and says when that is done", async () => {
        const envelope = makeEnvelope(world.settings.ID_SECRET, {}, [newNumber()]);
        const id = await keep(world.db, "sms.accepted.bulk", JSON.stringify(envelope));
        expect(await dlq(world.db, `requeue ${id}`)).toBe("Requeued 1 dead letter.");
        await world.until(envelope.recipients[0]?.id ?? "", "delivered");
        expect(await dlq(world.db, "list")).toBe("There are no dead letters.");
        expect(world.log.filter(({ event }) => event === "dead_letter.requeued")).toHaveLength(1);
      });

      it("says how many could not be given back and keeps them", async () => {
        const id = await keep(world.db, "somebody.else", "?");
        await expect(dlq(world.db, "requeue all")).rejects.toThrow(
          "Requeued 0 dead letters.\n1 dead letter: not confirmed by the queue, kept; the worker's log says why",
        );
        await expect(dlq(world.db, `discard ${id} unknown`)).rejects.toThrow(
          "Discarded 1 dead letter.\n1 dead letter: not there, or ordered by somebody else",
        );
        expect(world.log.filter(({ event }) => event === "dead_letter.discarded").at(-1)).toMatchObject({
          dead_letter_id: id,
          queue: "somebody.else",
          reason: "odd",
        });
      });

      it("prints a table or one letter, masked, and ends with 0", async () => {
        const id = await keep(world.db, "sms.reports", "To: +12025550123");
        const { code, out, err } = await runScript([], { DATABASE_URL: databaseUrl });
        expect([code, err]).toEqual([0, ""]);
        expect(out).toMatch(/^ID +QUEUE +BURIED AT +BYTES +REASON +PAYLOAD, MASKED$/m);
        expect(out).toContain(`${id}  sms.reports  2026-01-02T03:04:05.000Z  16     odd     xx: +99999999999`);
        expect(await dlq(world.db, `show ${id}`)).toContain("size       16 bytes; masked:\n\nxx: +99999999999");
      });

      it("discards nothing where all is to go and nobody can be asked", async () => {
        const id = await keep(world.db, "sms.reports", "?");
        const { code, err } = await runScript(["discard", "all"], { DATABASE_URL: databaseUrl });
        expect(code).toBe(1);
        expect(err).toContain("FORCE=1 make dlq ARGS='discard all'");
        expect(await dlq(world.db, "list")).toContain(id);
      });

      it("discards all without a question after FORCE=1", async () => {
        await keep(world.db, "sms.reports", "?");
        const { code, out } = await runScript(["discard", "all"], { DATABASE_URL: databaseUrl, FORCE: "1" });
        expect(code).toBe(0);
        expect(out).toContain("Discarded 1 dead letter.");
      });

      it("ends with 64 and the usage when the words are wrong", async () => {
        const { code, err } = await runScript(["explode"], { DATABASE_URL: databaseUrl });
        expect(code).toBe(64);
        expect(err).toContain("Usage: make dlq");
        await expect(dlq(world.db, "show x")).rejects.toThrow("There is no dead letter x");
      });
    });
  });

  describe("without a worker", () => {
    it("says that nobody has done it, and leaves the order for one that starts", async () => {
      const { url, drop } = await createTestDatabase(adminUrl);
      const db = openDatabase({ url, poolMax: 2 });
      await migrate(db);
      await keep(db, "sms.reports", "?");
      await expect(dlq(db, "requeue all --queue sms.reports", 300)).rejects.toThrow(
        "1 dead letter: no worker has come to it yet; it is done as soon as one runs",
      );
      await db.close();
      await drop();
    });
  });
});
