import { createHash, randomUUID } from "node:crypto";
import { makeSeed } from "@sms-gateway/contracts";
import { describeWith } from "@sms-gateway/testkit";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { ADVISORY_LOCKS } from "../src/advisory-locks.ts";
import { connectionsOf } from "../src/connections.ts";
import {
  type Database,
  DatabaseUnavailableError,
  dropExpiredIdempotencyKeys,
  findAlias,
  findMessage,
  openDatabase,
  type RecordRow,
  recordAccepted,
} from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { keyFacts, makeRequest, makeRow } from "./record-rows.ts";
import { CLIENT_ID, useDatabase } from "./test-database.ts";

const HOUR_MS = 3600 * 1000;
const REUSED = "IDEMPOTENCY_KEY_REUSED";

describeWith("postgres", "the second guard against doubles", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  beforeAll(() => {
    db = database.open(8);
  });

  const read = async (id = "") => await findMessage(db, CLIENT_ID, id);
  const idsOf = (rows: readonly RecordRow[]) => rows.map(({ id }) => id);
  async function outcomesOf(rows: readonly RecordRow[]): Promise<string[]> {
    const outcomes = new Map((await recordAccepted(db, rows)).map(({ id, outcome }) => [id, outcome]));
    return rows.map(({ id }) => outcomes.get(id) ?? "none");
  }
  /** Who answers for each of the ids. */
  async function answersOf(rows: readonly RecordRow[]): Promise<(string | undefined)[]> {
    return await Promise.all(rows.map(async ({ id }) => (await read(id))?.id));
  }

  test("makes the ids of a repetition aliases, place by place, and a place that the first has not its own message", async () => {
    const key = keyFacts(randomUUID());
    const [first, again] = [makeRequest(2, key), makeRequest(3, key)];
    await recordAccepted(db, first);
    expect(await outcomesOf(again)).toEqual(["alias", "alias", "recorded"]);
    expect(await answersOf(again)).toEqual([...idsOf(first), again[2]?.id]);
    expect(await findAlias(db, CLIENT_ID, again[0]?.id ?? "")).toBe(first[0]?.id);
    expect(await findAlias(db, randomUUID(), again[0]?.id ?? "")).toBeUndefined();
    expect(await findMessage(db, randomUUID(), again[0]?.id ?? "")).toBeUndefined();
    expect(await outcomesOf(again)).toEqual(again.map(() => "already_recorded"));
    const answered = (await recordAccepted(db, again)).find(({ id }) => id === again[0]?.id);
    expect(answered?.messageId).toBe(first[0]?.id);
  });

  test("rejects a repetition with another fingerprint, all of it, and lets the first be", async () => {
    const key = keyFacts(randomUUID());
    const [first, other] = [makeRequest(1, key), makeRequest(2, { ...key, fingerprint: "another" })];
    await recordAccepted(db, first);
    expect(await outcomesOf(other)).toEqual(["recorded", "recorded"]);
    for (const { id } of other) {
      const message = await read(id);
      expect(message).toMatchObject({ id, status: "rejected", error: { code: REUSED } });
      expect(message?.events.at(-1)).toMatchObject({ type: "message.rejected", detail: { error_code: REUSED } });
    }
    expect((await read(first[0]?.id))?.status).toBe("queued");
    expect(await outcomesOf(other)).toEqual(["already_recorded", "already_recorded"]);
  });

  test("takes the same key of another client for another key", async () => {
    const key = keyFacts(randomUUID());
    const rows = [makeRow(key), makeRow({ ...key, clientId: randomUUID(), fingerprint: "another" })];
    expect(await outcomesOf(rows)).toEqual(["recorded", "recorded"]);
    expect(await outcomesOf(rows)).toEqual(["already_recorded", "already_recorded"]);
  });

  test.each([
    ["six seconds before its end, as alive", 6_000, "alias"],
    ["four seconds before its end, as over: clocks may differ", 4_000, "recorded"],
    ["after its end, as over", -1_000, "recorded"],
  ])("counts a key %s, whenever that is recorded", async (_when, beforeEndMs, outcome) => {
    const ends = new Date(Date.now() - 50 * HOUR_MS);
    const key = { ...keyFacts(randomUUID()), idempotencyExpiresAt: ends };
    const first = makeRow({ ...key, acceptedAt: new Date(ends.getTime() - 24 * HOUR_MS) });
    const acceptedAt = new Date(ends.getTime() - beforeEndMs);
    const again = makeRow({ ...key, acceptedAt, idempotencyExpiresAt: new Date(acceptedAt.getTime() + 24 * HOUR_MS) });
    await recordAccepted(db, [first]);
    // It is over by now, and stays for a while: the repetition may wait in a queue.
    await dropExpiredIdempotencyKeys(db, 100);
    expect(await outcomesOf([again])).toEqual([outcome]);
    const later = { acceptedAt: new Date(acceptedAt.getTime() + 10_000), idempotencyExpiresAt: new Date() };
    const third = makeRow({ ...key, ...later });
    expect((await recordAccepted(db, [third]))[0]?.messageId).toBe(outcome === "alias" ? third.id : again.id);
  });

  test("decides over two requests in one batch, in either order, and over three lives of one key", async () => {
    const key = keyFacts(randomUUID());
    const [first, again] = [makeRow({ ...key, acceptedAt: new Date(Date.now() - 60_000) }), makeRow(key)];
    expect(await outcomesOf([again, first])).toEqual(["alias", "recorded"]);
    const other = keyFacts(randomUUID());
    const lives = [0, 30, 60].flatMap((hours) => {
      const acceptedAt = new Date(Date.now() + hours * HOUR_MS);
      const life = { ...other, acceptedAt, idempotencyExpiresAt: new Date(acceptedAt.getTime() + 24 * HOUR_MS) };
      return [makeRow(life), makeRow({ ...life, acceptedAt: new Date(acceptedAt.getTime() + HOUR_MS) })];
    });
    const outcomes = await outcomesOf([...lives].reverse());
    expect(outcomes).toEqual(["alias", "recorded", "alias", "recorded", "alias", "recorded"]);
    expect(await outcomesOf(lives)).toEqual(lives.map(() => "already_recorded"));
  });

  test("leaves what was decided as it is, also when its key has gone or belongs to somebody else", async () => {
    const key = keyFacts(randomUUID());
    const [first, again] = [makeRow(key), makeRow(key)];
    const rejected = makeRow({ ...key, fingerprint: "another" });
    await recordAccepted(db, [first]);
    await recordAccepted(db, [again, rejected]);
    const where = `key_hash = '${key.idempotencyKeyHash}'`;
    await ask(db, `delete from idempotency_keys where ${where}`);
    expect(await outcomesOf([again, rejected, first])).toEqual(Array(3).fill("already_recorded"));
    expect(await count(db, "idempotency_keys", where)).toBe(0);
    const acceptedAt = new Date(Date.now() + 30 * HOUR_MS);
    const next = makeRow({ ...key, acceptedAt, idempotencyExpiresAt: new Date(acceptedAt.getTime() + 24 * HOUR_MS) });
    await recordAccepted(db, [next]);
    expect(await outcomesOf([again, rejected, first])).toEqual(Array(3).fill("already_recorded"));
    expect((await read(again.id))?.id).toBe(first.id);
  });

  test("records a request of before the key's present life as a message, and leaves the key with its owner", async () => {
    const key = keyFacts(randomUUID());
    const past = new Date(Date.now() - 30 * HOUR_MS);
    const early = makeRow({ ...key, acceptedAt: past, idempotencyExpiresAt: new Date(Date.now() - 6 * HOUR_MS) });
    const owner = makeRow(key);
    await recordAccepted(db, [owner]);
    expect(await outcomesOf([early])).toEqual(["recorded"]);
    expect(await outcomesOf([makeRow(key)])).toEqual(["alias"]);
  });

  test("raises the alarm for an alias's id that belongs to another seed", async () => {
    const key = keyFacts(randomUUID());
    const again = makeRow(key);
    await recordAccepted(db, [makeRow(key)]);
    await recordAccepted(db, [again]);
    const stranger = { ...again, seed: makeSeed(Date.now()) };
    expect(await outcomesOf([stranger])).toEqual(["other_seed"]);
  });

  test("records a request of which the database refuses a row in one transaction, key and all, or not at all", async () => {
    const key = keyFacts(randomUUID());
    const request = makeRequest(5, key).map((row, index) => (index === 3 ? { ...row, text: "\u0000" } : row));
    const seed = request[0]?.seed ?? "";
    const hurried = openDatabase({ url: database.url(), poolMax: 1, statementTimeoutMs: 300 });
    const blocker = await connectionsOf(db).pool.connect();
    // Its last statement waits for this lock.
    await blocker.query("select pg_advisory_lock($1)", [ADVISORY_LOCKS.EVENTS]);
    await expect(recordAccepted(hurried, request)).rejects.toBeInstanceOf(DatabaseUnavailableError);
    expect(await count(db, "messages", `seed = '${seed}'`)).toBe(0);
    expect(await count(db, "idempotency_keys", `seed = '${seed}'`)).toBe(0);
    await blocker.query("select pg_advisory_unlock($1)", [ADVISORY_LOCKS.EVENTS]);
    blocker.release();
    await hurried.close();
    expect(await outcomesOf(request)).toEqual(request.map(() => "recorded"));
    expect(await count(db, "idempotency_keys", `seed = '${seed}'`)).toBe(1);
    const again = makeRequest(5, key);
    expect(await outcomesOf(again)).toEqual(again.map(() => "alias"));
    const statuses = await Promise.all(again.map(async ({ id }) => (await read(id))?.status));
    expect(statuses).toEqual(["queued", "queued", "queued", "rejected", "queued"]);
  });

  test("never divides a request between transactions", async () => {
    const requests = [700, 700, 200].map((size) => makeRequest(size, keyFacts(randomUUID())));
    await recordAccepted(db, requests.flat());
    for (const [first] of requests) {
      const [found] = await ask<{ transactions: number }>(
        db,
        `select count(distinct t)::int as transactions from (
           select xmin::text as t from messages where seed = $1 union all
           select xmin::text from idempotency_keys where seed = $1) as written`,
        [first?.seed],
      );
      expect(found?.transactions).toBe(1);
    }
  });

  const scenario = fc.record({
    requests: fc.array(
      fc.record({
        life: fc.constantFrom(0, 1),
        key: fc.constantFrom(null, "a", "b"),
        fingerprint: fc.constantFrom("x", "x", "y"),
        recipients: fc.integer({ min: 1, max: 3 }),
        // Within half a life: requests of one life all overlap.
        laterMs: fc.integer({ min: 0, max: HOUR_MS / 2 }),
        refused: fc.option(fc.integer({ min: 0, max: 2 }), { nil: null, freq: 3 }),
      }),
      { minLength: 2, maxLength: 9 },
    ),
    /** For each life, what each of three recorders is handed: batches of requests, by their place. */
    deliveries: fc.array(fc.array(fc.array(fc.nat(8), { maxLength: 4 }), { maxLength: 3 }), {
      minLength: 6,
      maxLength: 6,
    }),
  });

  test("answers every accepted id with exactly one message, and a live key with one, whatever comes when and how often", async () => {
    const others = [database.open(4), database.open(4)];
    await fc.assert(
      fc.asyncProperty(scenario, async ({ requests, deliveries }) => {
        const run = randomUUID();
        const made = requests.map(({ life, key, fingerprint, recipients, laterMs, refused }) => {
          const acceptedAt = new Date(Date.now() + life * 2 * HOUR_MS + laterMs);
          const idempotencyKeyHash = createHash("sha256").update(`${run} ${key}`).digest("hex");
          const idempotencyExpiresAt = new Date(acceptedAt.getTime() + HOUR_MS);
          const facts = key === null ? {} : { idempotencyKeyHash, fingerprint, idempotencyExpiresAt };
          const rows = makeRequest(recipients, { acceptedAt, ...facts });
          return {
            life,
            name: `${life} ${idempotencyKeyHash} ${key ?? randomUUID()}`,
            fingerprint,
            rows: rows.map((row, index) => (index === refused ? { ...row, text: "\u0000" } : row)),
          };
        });
        const outcomes = new Map<string, string[]>();
        const record = async (on: Database, batches: readonly (readonly number[])[]) => {
          for (const batch of batches) {
            for (const { id, outcome } of await recordAccepted(
              on,
              batch.flatMap((place) => made[place]?.rows ?? []),
            )) {
              outcomes.set(id, [...(outcomes.get(id) ?? []), outcome]);
            }
          }
        };
        const owners = new Map<string, MadeRequest | undefined>();
        for (const life of [0, 1]) {
          // The first deliveries of a life come before those of the next; anything may come again at any time.
          const places = made.flatMap((request, place) => (request.life === life ? [place] : []));
          await Promise.all(
            [db, ...others].map(async (on, recorder) => {
              const batches = (deliveries[life * 3 + recorder] ?? []).map((batch) =>
                batch.filter((place) => (made[place]?.life ?? 2) <= life),
              );
              await record(on, [...batches, places.filter((place) => place % 3 === recorder)]);
            }),
          );
          for (const { name, rows } of made.filter((request) => request.life === life)) {
            const [first] = rows;
            const keys = await ask<{ seed: string }>(db, "select seed from idempotency_keys where key_hash = $1", [
              first?.idempotencyKeyHash,
            ]);
            const owner = made.find((request) => request.rows[0]?.seed === keys[0]?.seed);
            expect(owner?.name).toBe(first?.idempotencyKeyHash === null ? undefined : name);
            owners.set(name, owner);
          }
        }
        await record(db, [made.map((_, place) => place)]);
        for (const id of made.flatMap(({ rows }) => idsOf(rows))) {
          const fresh = outcomes.get(id)?.filter((outcome) => outcome !== "already_recorded");
          expect(fresh).toHaveLength(1);
          expect(["recorded", "alias"]).toContain(fresh?.[0]);
          expect(outcomes.get(id)?.at(-1)).toBe("already_recorded");
        }
        for (const request of made) await checkRequest(request, owners.get(request.name));
      }),
      { numRuns: 60 },
    );
    // They would have been tried again in silence.
    const [statistics] = await ask(
      db,
      "select deadlocks::int from pg_stat_database where datname = current_database()",
    );
    expect(statistics).toEqual({ deadlocks: 0 });
  }, 240_000);

  /** @param owner the request that the key stands for; `undefined` without a key. */
  async function checkRequest({ fingerprint, rows }: MadeRequest, owner?: MadeRequest): Promise<void> {
    for (const [index, { id, text }] of rows.entries()) {
      const message = await read(id);
      const first = fingerprint === owner?.fingerprint ? owner.rows[index] : undefined;
      expect(message?.id).toBe(first?.id ?? id);
      const code = fingerprint === (owner?.fingerprint ?? fingerprint) ? undefined : REUSED;
      if (first === undefined) expect(message?.error?.code).toBe(text === "\u0000" ? "NOT_RECORDABLE" : code);
    }
  }
});

interface MadeRequest {
  readonly fingerprint: string;
  readonly rows: readonly RecordRow[];
}
