import { randomUUID } from "node:crypto";
import { describeWith } from "@sms-gateway/testkit";
import { beforeEach, expect, test } from "vitest";
import {
  type CircuitChange,
  type Database,
  dropOldProviderCalls,
  dropOldProviderChanges,
  findStranded,
  followCircuits,
  holdProvider,
  listProviderChanges,
  listProviderStates,
  recordAccepted,
  setProviderAccounts,
  setProviderEnabled,
  setProviderLimits,
  setProviderPaused,
} from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { makeRow, makeRows } from "./record-rows.ts";
import { PROVIDERS, useDatabase } from "./test-database.ts";

describeWith("postgres", "the circuits of all workers", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  let other: Database;
  const [first, second] = [randomUUID(), randomUUID()];

  beforeEach(async () => {
    db ??= database.open(6);
    other ??= database.open(6);
    await ask(db, "truncate messages, attempts, events, provider_calls, provider_changes");
    await ask(
      db,
      `update providers set enabled = true, paused = false, paused_reason = null, max_in_flight = 64,
         messages_per_second = null, held_until = null, circuit_state = 'closed', circuit_step = 0, circuit_openings = 0,
         circuit_epoch = 0, circuit_until = null, circuit_reason = null`,
    );
  });

  /** One look of a worker that has seen these calls of Twilio. */
  async function look(workerId: string, epoch: number, calls: number, failures: number) {
    const pool = workerId === first ? db : other;
    const seen = calls === 0 ? [] : [{ provider: "twilio", epoch, calls, failures }];
    const { circuits, changes } = await followCircuits(pool, { workerId, seen, random: () => 0 });
    return { circuit: circuits.find(({ provider }) => provider === "twilio"), changes };
  }

  const reachProbes = () =>
    ask(db, "update providers set circuit_until = now() - interval '1 s' where name = 'twilio'");

  test("are decided on what all have seen together, and every change is recorded once", async () => {
    expect((await look(first, 0, 10, 6)).changes).toEqual([]);
    const [a, b] = await Promise.all([look(second, 0, 10, 6), look(second, 0, 10, 6), look(first, 0, 10, 6)]);
    expect([a, b].some(({ circuit }) => circuit?.state === "open")).toBe(true);
    const { circuit } = await look(first, 0, 0, 0);
    expect(circuit).toMatchObject({ state: "open", openings: 1, epoch: 1, step: 0 });
    expect(await listProviderChanges(db, "twilio", 10)).toMatchObject([
      {
        from: "closed",
        to: "open",
        reason: "failures",
        detail: { calls: 20, failures: 12, open_for_ms: 30_000 },
      },
    ]);
    const twilio = (await listProviderStates(db)).find(({ name }) => name === "twilio");
    expect(twilio?.circuit).toMatchObject({ state: "open", reason: "failures", step: 0 });
    const openMs = (twilio?.circuit.opensAgainAt?.getTime() ?? 0) - (twilio?.circuit.since.getTime() ?? 0);
    expect(openMs).toBe(30_000);
  });

  test("return by probes and steps, which any worker may take, and fall back for longer", async () => {
    await look(first, 0, 20, 20);
    expect((await look(second, 0, 0, 0)).circuit?.state).toBe("open");
    await reachProbes();
    expect((await look(second, 0, 0, 0)).circuit).toMatchObject({ state: "half_open", step: 0, epoch: 2 });
    // Ends of calls from before it opened come late and count no more.
    expect((await look(first, 0, 20, 20)).changes).toEqual([]);
    await look(first, 2, 1, 0);
    expect((await look(second, 2, 2, 0)).circuit).toMatchObject({ state: "half_open", step: 1, epoch: 3 });
    await look(first, 3, 3, 2);
    expect((await look(second, 3, 2, 1)).circuit).toMatchObject({ state: "open", openings: 2, epoch: 4 });
    await reachProbes();
    const steps: unknown[] = [];
    for (const [epoch, calls] of [
      [4, 0],
      [5, 3],
      [6, 10],
      [7, 10],
      [8, 10],
    ] as const) {
      steps.push((await look(first, epoch, calls, 0)).circuit);
    }
    expect(steps).toMatchObject([
      { state: "half_open", step: 0 },
      { state: "half_open", step: 1 },
      { state: "half_open", step: 2 },
      { state: "half_open", step: 3 },
      { state: "closed", openings: 0 },
    ]);
    const changes = await listProviderChanges(db, "twilio", 50);
    expect(changes.map(({ to, reason, detail }) => [to, reason, detail.step])).toEqual(
      [
        ["open", "failures", 0],
        ["half_open", "time_is_over", 0],
        ["half_open", "probes_succeeded", 1],
        ["open", "step_failed", 0],
        ["half_open", "time_is_over", 0],
        ["half_open", "probes_succeeded", 1],
        ["half_open", "step_succeeded", 2],
        ["half_open", "step_succeeded", 3],
        ["closed", "step_succeeded", 0],
      ].reverse(),
    );
  });

  test("change once, however many workers decide at the same moment", async () => {
    await Promise.all(Array.from({ length: 2 }, (_, index) => look(index === 0 ? first : second, 0, 40, 40)));
    await reachProbes();
    const looks = await Promise.all(
      Array.from({ length: 8 }, (_, index) => look(index % 2 === 0 ? first : second, 0, 0, 0)),
    );
    const made = looks.flatMap(({ changes }): readonly CircuitChange[] => changes);
    expect(made).toMatchObject([{ provider: "twilio", reason: "time_is_over" }]);
    expect(await count(db, "provider_changes")).toBe(2);
  });

  test("do not count a worker that has gone silent, and write nothing when there is nothing to tell", async () => {
    await look(first, 0, 15, 15);
    await ask(db, "update provider_calls set at = at - interval '11 s'");
    expect((await look(second, 0, 15, 15)).changes).toEqual([]);
    const [before] = await ask(db, "select xmin, ctid from provider_calls where worker = $1", [second]);
    await look(second, 0, 0, 0);
    expect(await ask(db, "select xmin, ctid from provider_calls where worker = $1", [second])).toEqual([before]);
    expect(await dropOldProviderCalls(db, 10_500, 10)).toBe(1);
    expect(await count(db, "provider_calls")).toBe(1);
  });

  test("strand what was planned for an open one, and nothing that nobody else may take", async () => {
    const movable = makeRows(3);
    const only = makeRow({ providers: ["twilio"] });
    await setProviderAccounts(
      db,
      PROVIDERS.map((provider) => ({ provider, kind: "lab" as const, adapter: "twilio" })),
    );
    const stranded = async () => (await findStranded(db, "normal", { limit: 10 })).map(({ id }) => id);
    await recordAccepted(db, [...movable, only, makeRow({ plannedProvider: "plivo" })]);
    expect(await stranded()).toEqual([]);
    await holdProvider(db, "twilio", 4_000);
    expect(await stranded()).toEqual([]);
    await holdProvider(db, "twilio", 30_000);
    expect(await stranded()).toEqual(movable.map(({ id }) => id).sort());
    await ask(db, "update providers set held_until = null");
    await look(first, 0, 20, 20);
    expect(await stranded()).toEqual(movable.map(({ id }) => id).sort());
    await reachProbes();
    await look(first, 0, 0, 0);
    expect(await stranded()).toEqual([]);
  });

  test("are shown with limits and load, and so is what operators change", async () => {
    await setProviderLimits(db, "plivo", { maxInFlight: 3 });
    await setProviderLimits(db, "plivo", { messagesPerSecond: 9 });
    expect(await setProviderLimits(db, "plivo", { messagesPerSecond: 9 })).toBe("unchanged");
    expect(await setProviderLimits(db, "nobody", { maxInFlight: 3 })).toBe("not_found");
    await setProviderPaused(db, "plivo", true, "no credit");
    await setProviderEnabled(db, "plivo", false);
    await recordAccepted(db, [
      ...makeRows(2, { plannedProvider: "plivo" }),
      makeRow({ plannedProvider: "plivo", lane: "bulk" }),
      makeRow({ plannedProvider: "plivo", status: "scheduled", dueAt: new Date(Date.now() + 60_000) }),
    ]);
    await holdProvider(db, "plivo", 10_000);
    const states = await listProviderStates(db);
    expect(states.find(({ name }) => name === "plivo")).toMatchObject({
      enabled: false,
      paused: true,
      pausedReason: "no credit",
      maxInFlight: 3,
      messagesPerSecond: 9,
      openAttempts: 0,
      queuedDue: 3,
      circuit: { state: "closed", step: 0, reason: null, opensAgainAt: null },
      heldUntil: expect.any(Date),
    });
    expect(states.find(({ name }) => name === "nexmo")).toMatchObject({ heldUntil: null, queuedDue: 0 });
    const changes = await listProviderChanges(db, "plivo", 3);
    expect(changes.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      ["enabled", "disabled", "switched"],
      ["running", "paused", "no credit"],
      ["3 in flight, unlimited per second", "3 in flight, 9 per second", "limited"],
    ]);
    await setProviderLimits(db, "plivo", { messagesPerSecond: null });
    expect((await listProviderStates(db)).find(({ name }) => name === "plivo")?.messagesPerSecond).toBeNull();
    await ask(db, "update provider_changes set at = at - interval '91 d' where to_state = 'paused'");
    expect(await dropOldProviderChanges(db, 90 * 86_400_000, 100)).toBe(1);
    expect(await listProviderChanges(db, "plivo", 100)).toHaveLength(4);
  });
});
