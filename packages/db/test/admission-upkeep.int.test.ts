import type { Admission, AdmitRequest } from "@sms-gateway/contracts";
import { describeWith, newClientId, newRequest, sentAgain } from "@sms-gateway/testkit";
import { beforeEach, expect, test } from "vitest";
import { createDbAdmission, type Database, dropExpiredAdmission } from "../src/index.ts";
import { inTransaction, type Transaction } from "../src/transaction.ts";
import { ask, count } from "./ask.ts";
import { useDatabase } from "./test-database.ts";

const LIMITS = { perSecond: 1e6, perMinute: 1e6, perHour: 1e6, dailyQuota: 1e6 };
const TABLES = ["admission_reservations", "admission_fences", "admission_quotas"] as const;

describeWith("postgres", "the tables of the admission", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  let admission: Admission;
  beforeEach(async () => {
    db ??= database.open();
    admission ??= createDbAdmission(db);
    await ask(db, "truncate admission_reservations, admission_rates, admission_quotas, admission_fences");
  });

  const admit = async (request: AdmitRequest) => {
    expect(await admission.admit(request)).toMatchObject({ outcome: "admitted" });
    return request;
  };
  const countAll = () => Promise.all(TABLES.map((table) => count(db, table)));
  /** As if the time of everything of that client were over. */
  const age = async (client: string) => {
    const past = "expires_at = now() - interval '1 s'";
    await ask(
      db,
      `update admission_reservations set ${past}, drop_after = now() - interval '1 s' where client_id = $1`,
      [client],
    );
    await ask(db, `update admission_fences set ${past} where client_id = $1`, [client]);
    await ask(db, `update admission_quotas set ${past} where client_id = $1`, [client]);
  };
  /** One row in each table. */
  const leaveTraces = async (client: string) => {
    await admit(newRequest(client, "key"));
    await admission.release(newRequest(client, "unknown").ref);
  };

  test("lose in a sweep what is over, and nothing else", async () => {
    const [over, present] = [newClientId(), newClientId()];
    for (const client of [over, present]) await leaveTraces(client);
    await age(over);
    expect(await dropExpiredAdmission(db, 10)).toBe(3);
    expect(await countAll()).toEqual([1, 1, 1]);
    expect(await dropExpiredAdmission(db, 10)).toBe(0);
    expect(await count(db, "admission_rates")).toBe(0);
  });

  test("lose at most as many rows at once as is asked for", async () => {
    const client = newClientId();
    await leaveTraces(client);
    for (let more = 0; more < 3; more += 1) await leaveTraces(newClientId());
    await ask(
      db,
      "update admission_reservations set expires_at = now() - interval '1 s', drop_after = now() - interval '1 s'",
    );
    await ask(db, "update admission_fences set expires_at = now() - interval '1 s'");
    await ask(db, "update admission_quotas set expires_at = now() - interval '1 s'");
    const rounds = [];
    for (let round = 0; round < 4; round += 1) rounds.push(await dropExpiredAdmission(db, 5));
    expect(rounds).toEqual([5, 5, 2, 0]);
  });

  test("keep an answer that was settled late for its whole time", async () => {
    const request = await admit(newRequest(newClientId(), "key"));
    await ask(db, "update admission_reservations set drop_after = now() - interval '1 s'");
    await admission.settle(request.ref);
    expect(await dropExpiredAdmission(db, 10)).toBe(0);
    expect(await admission.admit(sentAgain(request))).toMatchObject({ outcome: "replay" });
  });

  test("are swept around what somebody holds", async () => {
    const [held, free] = [newClientId(), newClientId()];
    for (const client of [held, free]) await admit(newRequest(client, "key"));
    for (const client of [held, free]) await age(client);
    await inTransaction(db, async (tx) => {
      await tx.query("select 1 from admission_reservations where client_id = $1 for update", [held]);
      expect(await dropExpiredAdmission(db, 10)).toBe(3);
    });
    expect(await countAll()).toEqual([1, 0, 0]);
  });

  test("answer as if what is over were gone, swept or not", async () => {
    const request = await admit(newRequest(newClientId(), "key", { count: 5 }));
    await admission.release(newRequest(request.ref.clientId, "unknown").ref);
    await age(request.ref.clientId);
    await admission.settle(request.ref);
    await admission.abandon(request.ref);
    const limits = { ...LIMITS, dailyQuota: 5 };
    const again = sentAgain(request, { limits });
    expect(await admission.admit(again)).toMatchObject({ outcome: "admitted", takenOver: false });
    expect(await ask(db, "select used::int, expires_at > now() as lives from admission_quotas")).toEqual([
      { used: 5, lives: true },
    ]);
  });

  test("take all updates of a request in place, without touching an index", async () => {
    const client = newClientId();
    await admit(newRequest(client, "first", { limits: LIMITS }));
    const { token } = newRequest(client, null).ref;
    await inTransaction(db, async (tx) => {
      const before = await countUpdates(tx);
      await tx.query(
        `select admit_request($1, 'key:second', $2, 'seed', 'fingerprint', 1, now(), true, '', 60000, '{9, 9, 9}', 9,
           '2026-01-31', now(), false, 30000)`,
        [client, token],
      );
      await tx.query("select settle_reservation($1, 'key:second', $2)", [client, token]);
      const after = await countUpdates(tx);
      expect(
        after.map(({ relname, updated, in_place }, index) => ({
          relname,
          updated: updated - (before[index]?.updated ?? 0),
          in_place: in_place - (before[index]?.in_place ?? 0),
        })),
      ).toEqual([
        { relname: "admission_quotas", updated: 1, in_place: 1 },
        { relname: "admission_rates", updated: 1, in_place: 1 },
        { relname: "admission_reservations", updated: 1, in_place: 1 },
      ]);
    });
  });

  test("survive a crash: none of them is unlogged", async () => {
    const tables = await ask(db, "select relname, relpersistence from pg_class where relname ~ '^admission_[a-z]+$'");
    expect(tables).toHaveLength(4);
    for (const table of tables) expect(table).toMatchObject({ relpersistence: "p" });
  });
});

interface UpdateCount {
  relname: string;
  updated: number;
  in_place: number;
}

/** Counted by this connection and not reported yet; reports are made between transactions only. */
async function countUpdates(tx: Transaction): Promise<UpdateCount[]> {
  const { rows } = await tx.query<UpdateCount>(
    `select relname, pg_stat_get_xact_tuples_updated(oid)::int as updated,
       pg_stat_get_xact_tuples_hot_updated(oid)::int as in_place
     from pg_class where relname in ('admission_reservations', 'admission_rates', 'admission_quotas') order by 1`,
  );
  return rows;
}
