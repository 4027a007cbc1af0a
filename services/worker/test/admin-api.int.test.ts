import { randomUUID } from "node:crypto";
import { BOOTSTRAP_CLIENT_ID, type DeadLetterList, type DeadLetterView, type KeyScope } from "@sms-gateway/contracts";
import { createApiKey, keepDeadLetters } from "@sms-gateway/db";
import { hashApiKey } from "@sms-gateway/http";
import { createTestDatabase, describeWith, waitFor } from "@sms-gateway/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { makeEnvelope, newNumber, openWorld, type WorkerWorld } from "./worker-world.ts";

const LETTERS = "/api/v1/admin/dead-letters";

describeWith("postgres", "the management API", (adminUrl) => {
  describeWith("rabbitmq", "with a queue", (rabbitmqUrl) => {
    describeWith("redis", "and a directory", (redisUrl) => {
      let world: WorkerWorld;
      let key = "";
      let drop = async (): Promise<void> => undefined;
      beforeAll(async () => {
        const database = await createTestDatabase(adminUrl);
        drop = database.drop;
        world = await openWorld({ databaseUrl: database.url, rabbitmqUrl, redisUrl });
        key = await createKey(["admin"]);
      });
      afterAll(async () => {
        await world.stop();
        await drop();
      });
      beforeEach(async () => {
        await post("/discard", { all: true });
        expect(await list()).toEqual([]);
      });

      async function createKey(scopes: readonly KeyScope[]): Promise<string> {
        const made = `sk_test_${randomUUID()}`;
        const facts = { clientId: BOOTSTRAP_CLIENT_ID, kind: "test", prefix: made.slice(0, 12) } as const;
        await createApiKey(world.db, { ...facts, scopes, hash: hashApiKey(made) });
        return made;
      }

      async function post(path: string, payload?: object) {
        const answer = await world.worker.app.inject({
          method: "POST",
          url: `${LETTERS}${path}`,
          headers: { "api-key": key },
          ...(payload === undefined ? {} : { payload }),
        });
        return { status: answer.statusCode, body: answer.json() };
      }

      const get = (path: string) => world.call("GET", `/api/v1/admin${path}`, key);

      async function list(query = ""): Promise<readonly DeadLetterView[]> {
        return ((await get(`/dead-letters${query}`)).body as DeadLetterList).items;
      }

      async function untilKept(howMany: number): Promise<readonly DeadLetterView[]> {
        return await waitFor(
          async () => {
            const letters = await list();
            return letters.length === howMany ? letters : undefined;
          },
          { what: `${howMany} dead letters` },
        );
      }

      /** A letter that was unreadable once and is readable now. */
      async function keepMended(number: string): Promise<{ letterId: string; messageId: string }> {
        const envelope = makeEnvelope(world.settings.ID_SECRET, {}, [number]);
        const letterId = randomUUID();
        const facts = { queue: "sms.accepted.normal", problem: "/version 1 is newer", partIndex: 0 };
        const body = Buffer.from(JSON.stringify(envelope));
        await keepDeadLetters(world.db, [{ ...facts, id: letterId, body, buriedAt: new Date() }]);
        return { letterId, messageId: envelope.recipients[0]?.id ?? "" };
      }

      async function keepForeign(): Promise<string> {
        const facts = { queue: "somebody.else", problem: "odd", partIndex: null, buriedAt: new Date() };
        const id = randomUUID();
        await keepDeadLetters(world.db, [{ ...facts, id, body: Buffer.from("?") }]);
        return id;
      }

      const linesOf = (event: string) => world.log.filter((line) => line.event === event);
      const metric = async (line: string) =>
        (await world.worker.app.inject("/metrics")).body.split("\n").includes(line);

      describe("every route", () => {
        it.each<["GET" | "POST", string]>([
          ["GET", "/dead-letters"],
          ["POST", "/dead-letters/requeue"],
          ["POST", "/dead-letters/discard"],
          ["POST", "/dead-letters/x/requeue"],
          ["POST", "/dead-letters/x/discard"],
          ["GET", "/queues"],
          ["GET", "/providers"],
          ["GET", "/providers/twilio/changes"],
          ["GET", "/accounting"],
        ])("%s %s wants a key with the scope admin", async (method, path) => {
          const url = `/api/v1/admin${path}`;
          expect((await world.call(method, url, "wrong")).status).toBe(401);
          // The bootstrapped key has every scope but admin.
          expect(await world.call(method, url)).toMatchObject({ status: 403, body: { details: { scope: "admin" } } });
          const { paths } = (await world.call("GET", "/docs/json")).body as { paths: object };
          expect(Object.keys(paths)).toContain(url.replace("/x/", "/{id}/").replace("/twilio/", "/{name}/"));
        });
      });

      describe("dead letters", () => {
        it("are kept with their reason and a masked payload, told once, and the worker stays ready", async () => {
          const { recipients: _, ...unreadable } = makeEnvelope(world.settings.ID_SECRET, { text: "for Jane alone" }, [
            "+12025550123",
          ]);
          const letter = { queue: "sms.accepted.normal", body: Buffer.from(JSON.stringify(unreadable)) };
          expect(await world.queue.republish(letter)).toEqual({ ending: "confirmed" });
          const [kept] = await untilKept(1);
          expect(kept).toMatchObject({
            queue: expect.stringMatching(/sms\.accepted\.normal$/),
            reason: expect.stringContaining("recipients"),
            bytes: letter.body.length,
            part_index: 0,
          });
          const { text, client_id: clientId } = JSON.parse(kept?.payload ?? "");
          expect([text, clientId]).toEqual(["(14 characters)", BOOTSTRAP_CLIENT_ID]);
          expect(linesOf("queue.dead_letter")).toHaveLength(1);
          expect((await world.call("GET", "/readyz")).status).toBe(200);
          expect(await metric(`sms_dead_letters{queue="${kept?.queue}",service="worker"} 1`)).toBe(true);
          expect((await get("/queues")).body).toMatchObject({ dead_letters: [{ queue: kept?.queue, kept: 1 }] });
        });

        it("are given back to their queue, which records and sends them, and are gone", async () => {
          const { letterId, messageId } = await keepMended(newNumber());
          expect(await post("/requeue", { ids: [letterId] })).toEqual({
            status: 200,
            body: { requeued: 1, failed: 0, left: 0 },
          });
          await world.until(messageId, "delivered");
          expect(await list()).toEqual([]);
          expect(linesOf("dead_letter.requeued")).toMatchObject([{ dead_letter_id: letterId }]);
        });

        it("become others where nothing has been mended", async () => {
          const body = Buffer.from("no json");
          await world.queue.republish({ queue: "sms.reports", body });
          const [first] = await untilKept(1);
          expect((await post(`/${encodeURIComponent(first?.id ?? "")}/requeue`)).body).toMatchObject({ requeued: 1 });
          const second = await waitFor(async () => (await list()).find(({ id }) => id !== first?.id), {
            what: "it to come back",
          });
          expect(second.payload).toBe("xx xxxx");
        });

        it("stay when their queue has not confirmed them, and the answer says how many", async () => {
          const foreign = await keepForeign();
          const { messageId } = await keepMended(newNumber());
          const { body } = await post("/requeue", { all: true });
          expect(body).toEqual({ requeued: 1, failed: 1, left: 1 });
          await world.until(messageId, "delivered");
          expect((await list()).map(({ id }) => id)).toEqual([foreign]);
          expect(linesOf("dead_letter.not_requeued")).toMatchObject([
            { dead_letter_id: foreign, queue: "somebody.else" },
          ]);
          // Free again at once for the next try.
          expect((await post(`/${foreign}/requeue`)).body).toEqual({ requeued: 0, failed: 1, left: 1 });
        });

        it("are requeued once by two operators at the same time", async () => {
          const kept = [];
          for (let n = 0; n < 30; n += 1) kept.push(await keepMended(newNumber()));
          const answers = await Promise.all([1, 2, 3].map(() => post("/requeue", { all: true })));
          expect(answers.reduce((sum, { body }) => sum + body.requeued, 0)).toBe(30);
          for (const { messageId } of kept) await world.until(messageId, "delivered");
          const published = linesOf("dead_letter.requeued").map((line) => line.dead_letter_id);
          for (const { letterId } of kept) expect(published.filter((id) => id === letterId)).toHaveLength(1);
        });

        it("are discarded for good, each with a line in the log", async () => {
          const [first, second, third] = [await keepForeign(), await keepForeign(), await keepForeign()];
          expect((await post(`/${first}/discard`)).body).toEqual({ discarded: 1, failed: 0, left: 0 });
          expect((await post("/discard", { ids: [second, "unknown"] })).body).toMatchObject({ discarded: 1 });
          expect((await post("/discard", { all: true, queue: "another" })).body).toMatchObject({
            discarded: 0,
            left: 0,
          });
          expect((await list("?queue=somebody.else")).map(({ id }) => id)).toEqual([third]);
          expect((await post("/discard", { all: true, queue: "somebody.else" })).body).toMatchObject({ discarded: 1 });
          const lines = linesOf("dead_letter.discarded").slice(-3);
          expect(lines.map((line) => line.dead_letter_id)).toEqual([first, second, third]);
          expect(lines[0]).toMatchObject({ queue: "somebody.else", reason: "odd" });
        });

        it("leave their messages rejected where they are discarded and their ids can be read", async () => {
          const { recipients, ...facts } = makeEnvelope(world.settings.ID_SECRET, {}, [newNumber()]);
          const id = recipients[0]?.id ?? "";
          const letter = { id: randomUUID(), queue: "sms.accepted.normal", problem: "odd", partIndex: 0 };
          const body = Buffer.from(JSON.stringify({ ...facts, recipients, text: 5 }));
          await keepDeadLetters(world.db, [{ ...letter, body, buriedAt: new Date() }]);
          expect((await world.read(id)).status).toBe("accepted");
          await post("/discard", { all: true });
          expect(await world.read(id)).toMatchObject({
            status: "rejected",
            error: { code: "DEAD_LETTER_DISCARDED" },
          });
        });

        it("are reached by the longest id that is kept", async () => {
          const id = `/${"ü".repeat(254)}`;
          const facts = { queue: "somebody.else", problem: "odd", partIndex: null, buriedAt: new Date() };
          await keepDeadLetters(world.db, [{ ...facts, id, body: Buffer.from("?") }]);
          expect((await post(`/${encodeURIComponent(id)}/discard`)).body).toMatchObject({ discarded: 1 });
        });

        it("are listed page by page", async () => {
          const ids = [await keepForeign(), await keepForeign(), await keepForeign()];
          const { body: page } = await get("/dead-letters?limit=2");
          expect(page).toMatchObject({ limit: 2, has_more: true, items: [{ id: ids[2] }, { id: ids[1] }] });
          expect((await get(`/dead-letters?limit=2&cursor=${page.next_cursor}`)).body).toMatchObject({
            has_more: false,
            next_cursor: null,
            items: [{ id: ids[0] }],
          });
        });

        it("answer 404 to an unknown id and 422, naming the field, to a wrong request", async () => {
          expect(await post("/unknown/requeue")).toMatchObject({ status: 404, body: { error_code: "NOT_FOUND" } });
          expect((await post("/unknown/discard")).status).toBe(404);
          for (const path of ["/dead-letters/%00/requeue", "/dead-letters/a%00/discard"]) {
            expect((await world.call("POST", `/api/v1/admin${path}`, key)).status).toBe(422);
          }
          expect((await get("/dead-letters?queue=%00")).status).toBe(422);
          expect((await get(`/dead-letters?queue=${"q".repeat(256)}`)).status).toBe(422);
          expect((await post(`/${"a".repeat(256)}/requeue`)).status).toBe(422);
          expect((await get("/providers/%00/changes")).status).toBe(422);
          const wrong: [object, string][] = [
            [{}, "/"],
            [{ ids: ["a"], all: true }, "/"],
            [{ ids: ["a"], queue: "q" }, "/queue"],
            [{ ids: [] }, "/ids"],
            [{ all: false }, "/all"],
            [{ all: true, when: "now" }, "/"],
          ];
          for (const [payload, path] of wrong) {
            const answer = await post("/requeue", payload);
            expect(answer).toMatchObject({ status: 422, body: { details: { errors: [{ path }] } } });
          }
          for (const [query, path] of [
            ["limit=0", "query:limit"],
            ["cursor=x", "query:cursor"],
          ]) {
            expect((await get(`/dead-letters?${query}`)).body).toMatchObject({ details: { errors: [{ path }] } });
          }
        });
      });

      it("GET /admin/queues shows what waits", async () => {
        const { status, body } = await get("/queues");
        expect(status).toBe(200);
        const names = (body.queues as { name: string }[]).map(({ name }) => name);
        expect(names.filter((name) => /sms\.(accepted\.(high|normal|bulk)|reports|dead)$/.test(name))).toHaveLength(5);
      });

      it("GET /admin/providers shows every provider and its circuit, with what has changed", async () => {
        const { body } = await get("/providers");
        expect(body.items).toHaveLength(5);
        expect((body.items as object[])[0]).toMatchObject({ enabled: true, circuit: { state: "closed" } });
        expect(await get("/providers/twilio/changes?limit=3")).toMatchObject({
          status: 200,
          body: { items: [], limit: 3 },
        });
        expect((await get("/providers/nobody/changes")).status).toBe(404);
        expect((await get("/providers/twilio/changes?limit=x")).status).toBe(422);
      });

      it("GET /admin/accounting shows a day, today's unless one is named", async () => {
        const today = new Date().toISOString().slice(0, 10);
        expect((await get("/accounting")).body).toMatchObject({ date: today });
        expect((await get("/accounting?date=2026-01-02")).body).toMatchObject({ date: "2026-01-02", balanced: true });
        const answer = await get("/accounting?date=2026-02-31");
        expect(answer).toMatchObject({ status: 422, body: { details: { errors: [{ path: "query:date" }] } } });
      });
    });

    describeWith("redis", "whose server goes away", (redisUrl) => {
      it("GET /admin/queues answers 503, callers without a key have no access, and dead letters stay", async () => {
        const { url: databaseUrl, drop } = await createTestDatabase(adminUrl);
        const world = await openWorld({ databaseUrl, rabbitmqUrl, redisUrl }, { API_KEY_REQUIRED: "false" });
        const made = `sk_test_${randomUUID()}`;
        const facts = { clientId: BOOTSTRAP_CLIENT_ID, kind: "test", prefix: "sk_test_" } as const;
        await createApiKey(world.db, { ...facts, scopes: ["admin"], hash: hashApiKey(made) });
        expect((await world.worker.app.inject("/api/v1/sms")).statusCode).toBe(200);
        expect((await world.worker.app.inject("/api/v1/admin/queues")).statusCode).toBe(403);

        const letter = { id: "a/0", queue: "sms.reports", problem: "odd", partIndex: 0, buriedAt: new Date() };
        await keepDeadLetters(world.db, [{ ...letter, body: Buffer.from("?") }]);
        await world.queue.close();
        expect(await world.call("GET", "/api/v1/admin/queues", made)).toMatchObject({
          status: 503,
          body: { details: { reason: "queue_unreachable" } },
          headers: { "retry-after": "2" },
        });
        expect((await world.call("POST", `${LETTERS}/a%2F0/requeue`, made)).body).toEqual({
          requeued: 0,
          failed: 1,
          left: 1,
        });
        await world.stop();
        await drop();
      });
    });
  });
});
