import { type AcceptedEnvelope, BOOTSTRAP_CLIENT_ID, makeSeed, type ProviderName } from "@sms-gateway/contracts";
import { createClient, setProviderLimits } from "@sms-gateway/db";
import type { ProviderAccount } from "@sms-gateway/providers";
import { describeWith, openSql, type Sql, waitFor } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ProviderAccounts } from "../src/accounts/provider-accounts.ts";
import { createCircuits } from "../src/circuit/follow-circuits.ts";
import { createCallbackAddresses } from "../src/delivery/callback-address.ts";
import { createDispatcher, type Dispatcher } from "../src/delivery/dispatcher.ts";
import type { PlanningContext } from "../src/delivery/plan-provider.ts";
import { recordMessages } from "../src/messages/record-messages.ts";
import { openWorkerDatabase, type WorkerDatabase } from "./worker-database.ts";
import { makeEnvelope, newNumber } from "./worker-world.ts";

const BACKLOG = 200_000;
/** What a slow provider takes for a call. */
const CALL_MS = 1_000;

/** Due promotional messages of one client at Twilio, made where they lie: recording them would take minutes. */
const INSERT_BACKLOG = `
insert into messages (id, client_id, batch_id, seed, to_number, text, message_type, sms_type, encoding, segments, lane,
  priority, status, planned_provider, due_at, expire_at, simulated, accepted_at, updated_at)
select
  (lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
    || '8' || substr(md5(n::text), 4, 15))::uuid,
  $1, gen_random_uuid(), 's', '+12025550000', 'campaign', 'text', 'promotional', 'gsm7', 1, 2,
  5, 'queued', 'twilio', now() - n * interval '1 ms', now() + interval '1 h', true, now(), now()
from generate_series(1, $2::int) as n`;

describeWith("postgres", "two hundred thousand promotional messages at a slow provider", (adminUrl) => {
  let parts: WorkerDatabase;
  let sql: Sql;
  let dispatcher: Dispatcher;
  /** When each number was submitted first, and through whom. */
  const submitted = new Map<string, { readonly atMs: number; readonly provider: ProviderName }>();

  const planning = (): PlanningContext => ({
    providers: parts.directory.providers(),
    defaultProvider: "twilio",
    passesCircuit: () => true,
  });

  beforeAll(async () => {
    parts = await openWorkerDatabase(adminUrl);
    sql = openSql(parts.url);
    const { db, directory } = parts;
    await sql.ask(INSERT_BACKLOG, [await createClient(db, { name: "campaigner" }), BACKLOG]);
    await setProviderLimits(db, "twilio", { maxInFlight: 20 });
    dispatcher = createDispatcher({
      ...parts,
      accounts: slowAccounts(),
      addresses: createCallbackAddresses("http://127.0.0.1", "internal-token-of-these-tests"),
      planning,
      circuits: createCircuits({ ...parts, directory }),
      submitTimeoutMs: 5_000,
      maxInFlight: 16,
    });
    await waitFor(() => submitted.size > 0, { what: "the campaign to be under way" });
  }, 180_000);

  afterAll(async () => {
    await dispatcher.stop(10_000);
    await sql.close();
    await parts.close();
  });

  /** Accounts at providers that take every message, after a second. */
  function slowAccounts(): ProviderAccounts {
    const accountOf = (provider: ProviderName): ProviderAccount => ({
      capabilities: {
        messageTypes: ["text"],
        alphanumericSenders: true,
        validitySeconds: null,
        search: null,
        readMessage: false,
      },
      submit: async ({ to, messageId }) => {
        if (!submitted.has(to)) submitted.set(to, { atMs: performance.now(), provider });
        await new Promise((resolve) => setTimeout(resolve, CALL_MS));
        return { outcome: "accepted", providerMessageId: messageId };
      },
      verifyCallback: () => false,
      parseCallback: () => [],
    });
    return { find: accountOf, list: () => [], describe: () => [] };
  }

  /** Records one message and waits for its submit; answers after how long that came, and through whom. */
  async function submit(changes: Partial<AcceptedEnvelope>): Promise<{ afterMs: number; provider: ProviderName }> {
    const number = newNumber();
    const startedAtMs = performance.now();
    const seed = makeSeed(Date.now());
    const envelope = makeEnvelope("id-secret-of-these-tests", { simulated: true, seed, ...changes }, [number]);
    await recordMessages({ ...parts, planning, wake: dispatcher.wake }, [envelope]);
    const { atMs, provider } = await waitFor(() => submitted.get(number), { what: "the submit", timeoutMs: 20_000 });
    return { afterMs: atMs - startedAtMs, provider };
  }

  it("leave a code of another client its second, every time", async () => {
    for (let code = 0; code < 5; code += 1) {
      const { afterMs, provider } = await submit({ sms_type: "otp", priority: 1 });
      expect(provider).toBe("twilio");
      expect(afterMs).toBeLessThan(1_000);
    }
  });

  it("leave another client of their own lane its turn", async () => {
    const { afterMs } = await submit({ sms_type: "promotional", priority: 5, client_id: BOOTSTRAP_CLIENT_ID });
    // The next slot that is free, or the one after it.
    expect(afterMs).toBeLessThan(2 * CALL_MS + 1_000);
  });

  it("leave a code its second while more of them are being recorded", async () => {
    const campaigns = Array.from({ length: 500 }, () =>
      makeEnvelope("id-secret-of-these-tests", { simulated: true, sms_type: "promotional", priority: 5 }, [
        ...Array.from({ length: 4 }, () => "+12025550000"),
      ]),
    );
    let isRecorded = false;
    const recording = recordMessages({ ...parts, planning, wake: dispatcher.wake }, campaigns).then(() => {
      isRecorded = true;
    });
    const { afterMs } = await submit({ sms_type: "otp", priority: 1 });
    expect(isRecorded).toBe(false);
    expect(afterMs).toBeLessThan(1_000);
    await recording;
  });

  it("do not hold up another provider", async () => {
    const { afterMs, provider } = await submit({ sms_type: "promotional", priority: 5, providers: ["plivo"] });
    expect(provider).toBe("plivo");
    expect(afterMs).toBeLessThan(1_000);
  });

  it("come out at their rate, counted in segments, where a provider has one", async () => {
    await setProviderLimits(parts.db, "nexmo", { messagesPerSecond: 2 });
    const numbers = Array.from({ length: 5 }, newNumber);
    const changes = { simulated: true, segments: 2, sms_type: "promotional", priority: 5 } as const;
    const envelope = makeEnvelope("id-secret-of-these-tests", { ...changes, providers: ["nexmo"] }, numbers);
    await recordMessages({ ...parts, planning, wake: dispatcher.wake }, [envelope]);
    const times = await waitFor(
      () => {
        const all = numbers.flatMap((number) => submitted.get(number)?.atMs ?? []);
        return all.length === numbers.length ? all.toSorted((a, b) => a - b) : undefined;
      },
      { what: "five seconds' worth", timeoutMs: 20_000 },
    );
    const tookMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
    expect(tookMs).toBeGreaterThan(3_800);
    expect(tookMs).toBeLessThan(5_500);
  });

  it("never have more than the provider takes, the high lane's fifth left alone", async () => {
    const [row] = await sql.ask<{ most: number }>(
      `select max(open)::int as most from (
         select count(*) filter (where b.finished_at is null or b.finished_at > a.started_at) as open
         from attempts a join attempts b on b.started_at <= a.started_at and b.provider = a.provider
         join messages m on m.id = b.message_id and m.lane > 0
         where a.provider = 'twilio'
         group by a.message_id
       ) as moments`,
    );
    expect(row?.most).toBeLessThanOrEqual(12);
    expect(row?.most).toBeGreaterThan(6);
  });
});
