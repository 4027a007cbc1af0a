import type { Admission } from "@sms-gateway/contracts";
import { describeWith, newClientId, newRequest, waitFor } from "@sms-gateway/testkit";
import { beforeAll, expect, test } from "vitest";
import { createDbAdmission, type Database } from "../src/index.ts";
import { ask } from "./ask.ts";
import { useDatabase } from "./test-database.ts";

/** One, and the next after a second. */
const SHORT = { limits: { perSecond: 1, perMinute: 0, perHour: 0, dailyQuota: 0 } };
/** One, and the next after an hour. */
const LONG = { limits: { perSecond: 0, perMinute: 0, perHour: 1, dailyQuota: 0 } };

describeWith("postgres", "the admission when the clock of Postgres is set back", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  let admission: Admission;
  beforeAll(() => {
    db = database.open();
    admission = createDbAdmission(db);
  });

  /** As if the clock had been an hour ahead until now. */
  const setClockBack = (client: string) =>
    ask(db, "update admission_rates set charged_at = charged_at + interval '1 h' where client_id = $1", [client]);
  /** The stored debts, and the transaction that wrote them. */
  const readStored = (client: string) =>
    ask(db, "select r.*, xmin::text from admission_rates r where client_id = $1", [client]);

  test("lets a client at its limit pass after the normal time", async () => {
    const client = newClientId();
    await admission.admit(newRequest(client, null, SHORT));
    await setClockBack(client);
    expect(await admission.admit(newRequest(client, null, SHORT))).toMatchObject({
      outcome: "limited",
      retryAfterS: 1,
    });
    const passes = async () => (await admission.admit(newRequest(client, null, SHORT))).outcome === "admitted";
    await waitFor(passes, { what: "the next request to pass" });
  });

  test("is written to once by the requests that it refuses, and not at all while the clock runs on", async () => {
    const client = newClientId();
    await admission.admit(newRequest(client, null, LONG));
    const beRefused = async () => {
      expect(await admission.admit(newRequest(client, null, LONG))).toMatchObject({ outcome: "limited" });
      return await readStored(client);
    };
    const charged = await readStored(client);
    expect(await beRefused()).toEqual(charged);
    await setClockBack(client);
    const ahead = await readStored(client);
    const kept = await beRefused();
    expect(kept).not.toEqual(ahead);
    expect(await beRefused()).toEqual(kept);
  });
});
