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
const CAMPAIGN_NUMBER = "+12025550000";
const SLOTS = 16;
/** Those of the lanes below the high one: a fifth is the high lane's alone. */
const LOWER_SLOTS = 12;
/** Longer than these tests: a call ends when a test ends it. */
const SUBMIT_TIMEOUT_MS = 600_000;

/** Due promotional messages of one client at Twilio, made where they lie: recording them would take minutes. */
const INSERT_BACKLOG = `
insert into messages (id, client_id, batch_id, seed, to_number, text, message_type, sms_type, encoding, segments, lane,
  priority, status, planned_provider, due_at, expire_at, simulated, accepted_at, updated_at)
select
  (lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
    || '8' || substr(md5(n::text), 4, 15))::uuid,
  $1, gen_random_uuid(), 's', '${CAMPAIGN_NUMBER}', 'campaign', 'text', 'promotional', 'gsm7', 1, 2,
  5, 'queued', 'twilio', now() - n * interval '1 ms', now() + interval '1 h', true, now(), now()
from generate_series(1, $2::int) as n`;

/** A call to Twilio that waits until it is ended. */
interface OpenCall {
  readonly to: string;
  readonly end: () => void;
}

// Not how long something takes is judged here, but what it takes its turn before: a slow machine changes nothing.
describeWith("postgres", "two hundred thousand promotional messages at a provider that answers nothing", (adminUrl) => {
  let parts: WorkerDatabase;
  let sql: Sql;
  let dispatcher: Dispatcher;
  const openCalls: OpenCall[] = [];
  /** Through whom each number was submitted first. */
  const submitted = new Map<string, ProviderName>();
  let campaignCalls = 0;

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
    await setProviderLimits(db, "twilio", { maxInFlight: SLOTS + 4 });
    dispatcher = createDispatcher({
      ...parts,
      accounts: heldAccounts(),
      addresses: createCallbackAddresses("http://127.0.0.1", "internal-token-of-these-tests"),
      planning,
      circuits: createCircuits({ ...parts, directory }),
      submitTimeoutMs: SUBMIT_TIMEOUT_MS,
      maxInFlight: SLOTS,
    });
    await waitFor(() => openCalls.length === LOWER_SLOTS, {
      what: "the campaign to have every slot it may have",
      timeoutMs: 60_000,
    });
  }, 180_000);

  afterAll(async () => {
    const stopping = dispatcher.stop(10_000);
    for (const call of openCalls) call.end();
    await stopping;
    await sql.close();
    await parts.close();
  });

  /** Accounts at providers that take every message: Twilio when a test says so, the others at once. */
  function heldAccounts(): ProviderAccounts {
    const accountOf = (provider: ProviderName): ProviderAccount => ({
      capabilities: {
        messageTypes: ["text"],
        alphanumericSenders: true,
        validitySeconds: null,
        search: null,
        readMessage: false,
      },
      submit: async ({ to, messageId }) => {
        if (!submitted.has(to)) submitted.set(to, provider);
        if (to === CAMPAIGN_NUMBER) campaignCalls += 1;
        if (provider === "twilio") await new Promise<void>((end) => openCalls.push({ to, end }));
        return { outcome: "accepted", providerMessageId: messageId };
      },
      verifyCallback: () => false,
      parseCallback: () => [],
    });
    return { find: accountOf, list: () => [], describe: () => [] };
  }

  function endCall(index: number): void {
    const [call] = openCalls.splice(index, 1);
    call?.end();
  }

  async function record(changes: Partial<AcceptedEnvelope>, numbers: string[]): Promise<void> {
    const seed = makeSeed(Date.now());
    const envelope = makeEnvelope("id-secret-of-these-tests", { simulated: true, seed, ...changes }, numbers);
    await recordMessages({ ...parts, planning, wake: dispatcher.wake }, [envelope]);
  }

  /** Records one message and waits for its submit; answers its number. */
  async function submit(changes: Partial<AcceptedEnvelope>): Promise<string> {
    const number = newNumber();
    await record(changes, [number]);
    await waitFor(() => submitted.has(number), { what: "the submit" });
    return number;
  }

  it("leave a code of another client its slot, every time", async () => {
    const before = campaignCalls;
    for (let code = 0; code < 5; code += 1) {
      const number = await submit({ sms_type: "otp", priority: 1 });
      expect(submitted.get(number)).toBe("twilio");
      endCall(openCalls.findIndex(({ to }) => to === number));
    }
    // No call of the campaign had to end for it, and none has begun: the high lane's fifth was left alone.
    expect([openCalls.length, campaignCalls]).toEqual([LOWER_SLOTS, before]);
  });

  it("leave another client of their own lane its turn", async () => {
    const number = newNumber();
    await record({ sms_type: "promotional", priority: 5, client_id: BOOTSTRAP_CLIENT_ID }, [number]);
    const before = campaignCalls;
    // The next slot that is free, or the one after it.
    for (let ended = 1; ended <= 2 && !submitted.has(number); ended += 1) {
      endCall(0);
      await waitFor(() => openCalls.length === LOWER_SLOTS, { what: "the free slot to be taken" });
    }
    expect(submitted.has(number)).toBe(true);
    expect(campaignCalls - before).toBeLessThanOrEqual(1);
  });

  it("leave a code its slot while more of them are being recorded", async () => {
    const campaigns = Array.from({ length: 500 }, () =>
      makeEnvelope("id-secret-of-these-tests", { simulated: true, sms_type: "promotional", priority: 5 }, [
        ...Array.from({ length: 4 }, () => CAMPAIGN_NUMBER),
      ]),
    );
    let isRecorded = false;
    const recording = recordMessages({ ...parts, planning, wake: dispatcher.wake }, campaigns).then(() => {
      isRecorded = true;
    });
    await submit({ sms_type: "otp", priority: 1 });
    expect(isRecorded).toBe(false);
    await recording;
  });

  it("do not hold up another provider", async () => {
    const number = await submit({ sms_type: "promotional", priority: 5, providers: ["plivo"] });
    expect(submitted.get(number)).toBe("plivo");
  });

  it("come out at their rate, counted in segments, where a provider has one", async () => {
    await setProviderLimits(parts.db, "nexmo", { messagesPerSecond: 2 });
    const numbers = Array.from({ length: 5 }, newNumber);
    const recordedAtMs = performance.now();
    await record({ segments: 2, sms_type: "promotional", priority: 5, providers: ["nexmo"] }, numbers);
    await waitFor(() => numbers.every((number) => submitted.has(number)), {
      what: "five seconds' worth",
      timeoutMs: 60_000,
    });
    expect(performance.now() - recordedAtMs).toBeGreaterThan(3_900);
    // By the clock that gives the tokens out.
    const [row] = await sql.ask<{ took_s: number }>(
      `select extract(epoch from max(started_at) - min(started_at))::float8 as took_s
       from attempts where provider = 'nexmo'`,
    );
    expect(row?.took_s).toBeGreaterThanOrEqual(3.99);
  });
});
