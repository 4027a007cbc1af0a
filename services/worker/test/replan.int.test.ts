import type { ProviderName } from "@sms-gateway/contracts";
import { setProviderAccounts, setProviderPaused } from "@sms-gateway/db";
import { describeWith, openSql, type Sql } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createCircuits } from "../src/circuit/follow-circuits.ts";
import type { PlanningContext } from "../src/delivery/plan-provider.ts";
import { createReplanner } from "../src/delivery/replan-stranded.ts";
import { createRecorder, makeCampaign } from "./recorder.ts";
import { openWorkerDatabase, type WorkerDatabase } from "./worker-database.ts";

describeWith("postgres", "messages whose provider is away", (adminUrl) => {
  let parts: WorkerDatabase;
  let sql: Sql;
  beforeAll(async () => {
    parts = await openWorkerDatabase(adminUrl);
    sql = openSql(parts.url);
  });
  afterAll(async () => {
    await sql.close();
    await parts.close();
  });

  const { planning, record, recordOne, read } = createRecorder(() => parts);

  it("moves everything away from a paused provider in one run", async () => {
    const { db, directory } = parts;
    const envelope = makeCampaign(1_000, { providers: ["plivo", "nexmo"] });
    const stuck = makeCampaign(600, { providers: ["plivo"] });
    await record(stuck, envelope);
    await setProviderPaused(db, "plivo", true, "test");
    await directory.refresh();
    const woken = new Set<ProviderName>();
    const wake = (providers: ReadonlySet<ProviderName>) => {
      for (const name of providers) woken.add(name);
    };
    await createReplanner({ db, planning, isAway: () => false, wake }).replan();
    for (const { id } of [envelope.recipients[0], envelope.recipients[999]].flatMap((one) => one ?? [])) {
      expect((await read(id))?.plannedProvider).toBe("nexmo");
    }
    expect([...woken]).toEqual(["nexmo"]);
    await setProviderPaused(db, "plivo", false, null);
    await directory.refresh();
  });

  /** As if the directory knew already that nexmo is paused. */
  const strandedPlanning = (changes: Partial<PlanningContext> = {}) => {
    const providers = parts.directory.providers().map((one) => ({ ...one, paused: one.name === "nexmo" }));
    return (): PlanningContext => ({ providers, defaultProvider: undefined, passesCircuit: () => true, ...changes });
  };

  async function strandFor(planned: string, ...ids: readonly string[]): Promise<void> {
    await sql.ask("update messages set planned_provider = $1 where id = any($2::uuid[])", [planned, ids]);
  }

  it("moves a message whose round has nobody left into the next round, after a wait", async () => {
    const { db } = parts;
    await setProviderPaused(db, "nexmo", true, "test");
    const [id, spent] = [
      await recordOne({ providers: ["plivo", "nexmo"] }),
      await recordOne({ providers: ["plivo", "nexmo"] }),
    ];
    await strandFor("nexmo", id, spent);
    await sql.ask("update messages set tried = '{plivo}' where id = any($1::uuid[])", [[id, spent]]);
    await sql.ask("update messages set round = 10 where id = $1", [spent]);
    const wake = () => undefined;
    const started = Date.now();
    const deps = { db, planning: strandedPlanning(), isAway: () => false, wake, random: () => 0.8 };
    await createReplanner(deps).replan();
    const moved = await read(id);
    expect(moved).toMatchObject({ status: "queued", plannedProvider: "plivo", round: 2 });
    expect(moved?.dueAt.getTime()).toBeGreaterThan(started + 3_000);
    expect(await sql.ask("select tried from messages where id = $1", [id])).toEqual([{ tried: [] }]);
    expect(await read(spent)).toMatchObject({ plannedProvider: "nexmo", round: 10 });
    await setProviderPaused(db, "nexmo", false, null);
  });

  it("only reads what has nowhere to go, and looks again at once when somebody is back", async () => {
    const { db } = parts;
    await setProviderPaused(db, "nexmo", true, "test");
    const ids = [await recordOne(), await recordOne()];
    await strandFor("nexmo", ...ids);
    const marks = () => sql.ask("select xmin, xmax from messages where id = any($1::uuid[]) order by id", [ids]);
    const before = await marks();
    let looks = 0;
    const planning = strandedPlanning({
      passesCircuit: () => {
        looks += 1;
        return false;
      },
    });
    const replanner = createReplanner({ db, planning, isAway: () => false, wake: () => undefined });
    await replanner.replanWhenDue();
    expect(looks).toBeGreaterThan(0);
    expect(await marks()).toEqual(before);
    looks = 0;
    await replanner.replanWhenDue();
    expect(looks).toBe(0);
    replanner.hurry();
    await replanner.replanWhenDue();
    expect(looks).toBeGreaterThan(0);
    await setProviderPaused(db, "nexmo", false, null);
  });

  it("looks at the high lane again between two pages of a campaign, and ends early when it is told to", async () => {
    const { db } = parts;
    await setProviderPaused(db, "nexmo", true, "test");
    const bulk = makeCampaign(1_500, { sms_type: "promotional", priority: 5, providers: ["nexmo", "plivo"] });
    await record(bulk);
    const ids = bulk.recipients.map(({ id }) => id);
    const code = await recordOne({ providers: ["nexmo", "clickatell"] });
    await strandFor("plivo", code);
    await strandFor("nexmo", ...ids);
    const abort = new AbortController();
    let strandsCode: Promise<void> | undefined;
    const base = strandedPlanning();
    const waiting = async (): Promise<number> =>
      (await sql.ask("select 1 from messages where id = any($1::uuid[]) and planned_provider = 'nexmo'", [ids])).length;
    const replanner = createReplanner({
      db,
      planning: base,
      isAway: () => false,
      pageMax: 500,
      wake: (providers) => {
        if (providers.has("plivo")) strandsCode ??= strandFor("nexmo", code);
        if (providers.has("clickatell")) abort.abort();
      },
    });
    await replanner.replan(abort.signal);
    await strandsCode;
    expect((await read(code))?.plannedProvider).toBe("clickatell");
    expect(await waiting()).toBeGreaterThan(0);
    await replanner.replan();
    expect(await waiting()).toBe(0);
    await setProviderPaused(db, "nexmo", false, null);
  });

  it("let a provider that returns be found out by messages whose calls count, and by others only as the last resort", async () => {
    const { db, directory } = parts;
    await setProviderAccounts(db, [
      { provider: "twilio", kind: "live", adapter: "twilio" },
      { provider: "twilio", kind: "lab", adapter: "twilio" },
    ]);
    await directory.refresh();
    const circuits = createCircuits(parts);
    let calls = 0;
    circuits.onChange(() => {
      calls += 1;
    });
    await sql.ask(
      "update providers set circuit_state = 'open', circuit_until = now() + interval '5 min' where name = 'twilio'",
    );
    await circuits.follow();
    await circuits.follow();
    expect(calls).toBe(1);
    await sql.ask("update providers set circuit_state = 'half_open', circuit_epoch = 7 where name = 'twilio'");
    await circuits.follow();
    expect(calls).toBe(2);
    const visit = { simulated: true, isSpared: false, isLastResort: false };
    expect(circuits.passes("twilio", visit)).toBe(false);
    expect(circuits.passes("twilio", { ...visit, simulated: false, isSpared: true })).toBe(false);
    // Asked already, and not let through by the share: not asked twice.
    expect(circuits.passes("twilio", { ...visit, simulated: false, isLastResort: true })).toBe(false);
    expect(circuits.passes("twilio", { ...visit, isLastResort: true })).toBe(true);
    expect(circuits.passes("twilio", { ...visit, simulated: false })).toBe(false);
    expect(circuits.passes("plivo", visit)).toBe(true);
  });
});
