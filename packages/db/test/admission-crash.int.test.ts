import { type Admission, AdmissionUnavailableError, type AdmitRequest } from "@sms-gateway/contracts";
import {
  describeWithOwn,
  newClientId,
  newRequest,
  type PostgresServer,
  sentAgain,
  waitFor,
} from "@sms-gateway/testkit";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createDbAdmission, type Database, migrate, openDatabase } from "../src/index.ts";
import { ask } from "./ask.ts";

const CALLERS = 8;
const STEPS = ["settle", "release", "abandon"] as const;

describeWithOwn("postgres", "the admission on a Postgres that fails", (start) => {
  let server: PostgresServer;
  let db: Database;
  let admission: Admission;
  beforeAll(async () => {
    server = await start({ durable: true });
    db = openDatabase({ url: server.url, poolMax: CALLERS });
    await migrate(db);
    await ask(db, "create table published (seed text)");
    // Its longest: what only the WAL writer brings to the disk stays in memory for longer than a test takes.
    await ask(db, "alter system set wal_writer_delay = '10s'");
    await ask(db, "alter system set autovacuum = off");
    await server.restart();
    admission = createDbAdmission(db);
  });
  beforeEach(() => waitFor(async () => (await admission.health()).ok, { what: "the connection to Postgres" }));
  afterAll(() => db.close());

  const isKept = async ({ ref }: AdmitRequest) =>
    (await ask(db, "select 1 from admission_reservations where seed = $1", [ref.seed])).length === 1;
  const charged = async (clientId: string) => {
    const [row] = await ask<{ used: number }>(
      db,
      "select coalesce(sum(used), 0)::int as used from admission_quotas where client_id = $1",
      [clientId],
    );
    return row?.used;
  };
  /** A commit that waits for the disk, as that of a publish does. */
  const publish = ({ ref }: AdmitRequest) => ask(db, "insert into published values ($1)", [ref.seed]);
  /** Whether a step was answered before anything of it was on the disk. A commit that waits for it moves that mark. */
  const isAnsweredFromMemory = async (step: () => Promise<unknown>) => {
    const before = await readMarks(db);
    await step();
    const after = await readMarks(db);
    return after.written !== before.written && after.flushed === before.flushed;
  };

  test("waits for the disk in no step, and a publish brings all of them there", async () => {
    const newAdmission = async () => {
      const request = newRequest(newClientId(), "key");
      await admission.admit(request);
      return request;
    };
    // Now and then the WAL writer comes in between.
    await waitFor(() => isAnsweredFromMemory(newAdmission), { what: "an admission from memory" });
    for (const step of STEPS) {
      const again = async () => {
        const { ref } = await newAdmission();
        return await isAnsweredFromMemory(() => admission[step](ref));
      };
      await waitFor(again, { what: `a ${step} from memory` });
    }
    const { written } = await readMarks(db);
    expect(await isAnsweredFromMemory(() => publish(newRequest(newClientId(), "key")))).toBe(false);
    const [row] = await ask(db, "select pg_current_wal_flush_lsn() >= $1::pg_lsn as is_there", [written]);
    expect(row).toEqual({ is_there: true });
  });

  test("keeps what a publish came after, whenever the server is killed", async () => {
    for (let times = 0; times < 3; times += 1) {
      const request = newRequest(newClientId(), "key", { count: 3 });
      await admission.admit(request);
      await publish(request);
      await server.kill();
      await server.start();
      await waitFor(async () => (await admission.health()).ok, { what: "the connection to come back" });
      expect([await isKept(request), await charged(request.ref.clientId)]).toEqual([true, 3]);
      expect(await admission.admit(sentAgain(request))).toEqual({ outcome: "in_progress" });
    }
  });

  test("charges exactly what is reserved when the server is killed among admissions", async () => {
    const clients = Array.from({ length: 3 }, newClientId);
    const limits = { perSecond: 0, perMinute: 0, perHour: 1e6, dailyQuota: 1e6 };
    const published: AdmitRequest[] = [];
    let admitted = 0;
    /** Admits one request after another until the server is gone. */
    const admitOn = async (caller: number): Promise<unknown> => {
      const request = newRequest(clients[caller % clients.length] ?? "none", `key ${caller} ${admitted}`, { limits });
      try {
        await admission.admit(request);
        admitted += 1;
        if (admitted % 10 === 0) {
          await publish(request);
          published.push(request);
        }
      } catch (error) {
        return error;
      }
      return await admitOn(caller);
    };
    const callers = Array.from({ length: CALLERS }, (_, caller) => admitOn(caller));
    await waitFor(() => published.length >= 20, { what: "admissions and publishes" });
    await server.kill();
    const errors = await Promise.all(callers);
    expect(errors.every((error) => error instanceof Error)).toBe(true);
    expect(errors.some((error) => error instanceof AdmissionUnavailableError)).toBe(true);
    await server.start();
    await waitFor(async () => (await admission.health()).ok, { what: "the connection to come back" });
    for (const request of published) expect(await isKept(request)).toBe(true);
    for (const client of clients) {
      const [kept] = await ask<{ amount: number }>(
        db,
        "select coalesce(sum(amount), 0)::int as amount from admission_reservations where client_id = $1",
        [client],
      );
      expect(await charged(client)).toBe(kept?.amount);
    }
  });

  test("knows that a step which waited in vain for a connection was not taken", async () => {
    const narrow = openDatabase({ url: server.url, poolMax: 1 });
    try {
      const admission = createDbAdmission(narrow, { answerTimeoutMs: 1_000 });
      const request = newRequest(newClientId(), "key");
      const sleeping = ask(narrow, "select pg_sleep(0.8)");
      await expect(admission.admit(request)).rejects.toMatchObject({ isUntaken: true });
      await sleeping;
      expect(await admission.admit(sentAgain(request))).toMatchObject({ outcome: "admitted", takenOver: false });
    } finally {
      await narrow.close();
    }
  });

  test("gives a frozen server up in time, and takes back what that one did once it answers again", async () => {
    const frozen = createDbAdmission(db, { answerTimeoutMs: 300 });
    const taken = newRequest(newClientId(), "key", { count: 3 });
    await admission.admit(newRequest(taken.ref.clientId, "other", { count: 4 }));
    await server.pause();
    let isPatientAnswered = false;
    const patient = createDbAdmission(db)
      .admit(newRequest(newClientId(), "key"))
      .catch((error: unknown) => error)
      .finally(() => {
        isPatientAnswered = true;
      });
    // More than there are connections: some wait for one.
    const requests = [taken, ...Array.from({ length: 2 * CALLERS }, () => sentAgain(taken))];
    for (const ending of await Promise.allSettled(requests.map((request) => frozen.admit(request)))) {
      expect(ending).toMatchObject({ status: "rejected", reason: expect.any(AdmissionUnavailableError) });
    }
    // One that began earlier, and has the usual time, still waits.
    expect(isPatientAnswered).toBe(false);
    await patient;
    expect(await frozen.health()).toEqual({ ok: false, detail: "no answer from Postgres" });
    await server.resume();
    for (const { ref } of requests) {
      await waitFor(() => frozen.release(ref).then(() => true), { what: "the release" });
    }
    await waitFor(async () => (await charged(taken.ref.clientId)) === 4, { what: "nothing but the other request" });
    expect(await admission.admit(sentAgain(taken))).toMatchObject({ outcome: "admitted", takenOver: false });
  });
});

/** How far the WAL is written in memory, and how far it is on the disk. */
async function readMarks(db: Database): Promise<{ written: string; flushed: string }> {
  const [row] = await ask<{ written: string; flushed: string }>(
    db,
    "select pg_current_wal_insert_lsn()::text as written, pg_current_wal_flush_lsn()::text as flushed",
  );
  if (row === undefined) throw new Error("one row");
  return row;
}
