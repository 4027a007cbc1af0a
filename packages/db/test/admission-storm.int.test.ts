import type { Admission, AdmitRequest } from "@sms-gateway/contracts";
import { describeWith, newClientId, newRequest } from "@sms-gateway/testkit";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { createDbAdmission, type Database, dropExpiredAdmission } from "../src/index.ts";
import { ask } from "./ask.ts";
import { useDatabase } from "./test-database.ts";

const ACTORS = 12;
const RUNS = 15;
const AT_ONCE = 20;
/** The time of a loaded machine; a deadlock is found after one second. */
const PATIENT = { answerTimeoutMs: 10_000 };

/** Few clients and keys, so that everybody meets everybody, and answers that end while others ask for them. */
const step = fc.record({
  doing: fc.constantFrom("admit", "admit", "admit", "settle", "release", "abandon", "sweep"),
  gateway: fc.constantFrom(0 as const, 1 as const),
  client: fc.constantFrom(0 as const, 1 as const),
  key: fc.constantFrom("k1", "k2", null),
  keepMs: fc.constantFrom(1, 5, 3_600_000),
  day: fc.constantFrom("2026-01-31", "2026-02-01"),
  earlier: fc.nat({ max: 1_000 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const LIMITS = { perSecond: 1e6, perMinute: 0, perHour: 1e6, dailyQuota: 1e6 };

describeWith("postgres", "the admission under a storm", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  let gateways: readonly [Admission, Admission];
  beforeAll(() => {
    db = database.open(ACTORS);
    gateways = [
      createDbAdmission(db, { ...PATIENT, takeOverAfterMs: 0 }),
      createDbAdmission(database.open(ACTORS), PATIENT),
    ];
  });

  // Any deadlock, any row that two insert, would reject the step it happens to.
  test("carries out every step, in whatever order they meet each other and the sweep", async () => {
    const actors = fc.array(fc.array(step, { minLength: 10, maxLength: 20 }), { minLength: ACTORS, maxLength: ACTORS });
    await fc.assert(
      fc.asyncProperty(actors, async (stepsOfActors) => {
        const clients = [newClientId(), newClientId()] as const;
        const sent: AdmitRequest[] = [];
        await Promise.all(
          stepsOfActors.map(async (steps) => {
            for (const next of steps) await carryOut(next, clients[next.client], sent);
          }),
        );
        await expectChargesFor(clients, sent);
      }),
      { numRuns: RUNS },
    );
  });

  async function carryOut(next: Step, clientId: string, sent: AdmitRequest[]): Promise<void> {
    const admission = gateways[next.gateway];
    const earlier = sent[next.earlier % Math.max(1, sent.length)];
    if (next.doing === "admit") {
      const { keepMs, day } = next;
      const request = newRequest(clientId, next.key, { keepMs, day, limits: LIMITS });
      sent.push(request);
      await admission.admit(request);
    } else if (next.doing === "sweep") await sweep();
    else if (earlier !== undefined) await admission[next.doing](earlier.ref);
  }

  /** As if the sweep's margin were over for one row. */
  async function sweep(): Promise<void> {
    await ask(
      db,
      `update admission_reservations set drop_after = expires_at where (client_id, name) in (
         select client_id, name from admission_reservations
         where expires_at < now() order by random() limit 1 for update skip locked)`,
    );
    await dropExpiredAdmission(db, 3);
  }

  async function expectChargesFor(clients: readonly string[], sent: readonly AdmitRequest[]): Promise<void> {
    const [row] = await ask<{ used: number; kept: number }>(
      db,
      `select (select coalesce(sum(used), 0)::int from admission_quotas where client_id = any ($1)) as used,
         (select coalesce(sum(amount), 0)::int from admission_reservations where client_id = any ($1)) as kept`,
      [clients],
    );
    // What has ended stays charged and is there no longer.
    expect(row?.used).toBeGreaterThanOrEqual(row?.kept ?? Number.NaN);
    expect(row?.used).toBeLessThanOrEqual(sent.length);
  }
});

describeWith(
  "postgres",
  "the admission on a database whose transactions are `repeatable read` by default",
  (adminUrl) => {
    const database = useDatabase(adminUrl);

    // Each sees what was committed before it has waited for the one before, or it would update what it did not see.
    test("answers all requests that one client sends at once", async () => {
      const { pathname } = new URL(database.url());
      await ask(
        database.open(1),
        `alter database "${decodeURIComponent(pathname.slice(1))}" set default_transaction_isolation to 'repeatable read'`,
      );
      const admission = createDbAdmission(database.open(AT_ONCE), PATIENT);
      const client = newClientId();
      // The first round opens the connections, so that the second is at once indeed.
      for (let round = 0; round < 2; round += 1) {
        const requests = Array.from({ length: AT_ONCE }, () => newRequest(client, null, { limits: LIMITS }));
        const answers = await Promise.all(requests.map((request) => admission.admit(request)));
        expect(answers.map(({ outcome }) => outcome)).toEqual(Array.from(requests, () => "admitted"));
      }
    });
  },
);
