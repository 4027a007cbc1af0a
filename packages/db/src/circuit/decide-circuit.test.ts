import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CallCounts,
  CIRCUIT_SHARES,
  CIRCUIT_STATES,
  type CircuitPosition,
  decideCircuit,
  OPEN_LONGEST_MS,
} from "./decide-circuit.ts";

const CLOSED: CircuitPosition = { state: "closed", step: 0, openings: 0 };
const position = (state: CircuitPosition["state"], step = 0, openings = 1): CircuitPosition => ({
  state,
  step,
  openings,
});
const seen = (calls: number, failures: number): CallCounts => ({ calls, failures });
const decide = (from: CircuitPosition, counts: CallCounts, openLeftMs = 0, random = 0) =>
  decideCircuit(from, counts, { openLeftMs, random });

describe("a circuit", () => {
  it.each([
    ["20 calls, half of them failed", seen(20, 10), "open"],
    ["all of 20 failed", seen(20, 20), "open"],
    ["19 calls, all of them failed", seen(19, 19), undefined],
    ["more that worked than failed", seen(1_000, 499), undefined],
    ["nothing", seen(0, 0), undefined],
  ])("that is closed: %s", (_, counts, to) => {
    expect(decide(CLOSED, counts)?.to.state).toBe(to);
  });

  it("stays open for its time, whatever is seen, and longer with each opening in a row", () => {
    expect(decide(position("open"), seen(50, 0), 1)).toBeNull();
    expect(decide(position("open"), seen(50, 50), 0)?.to).toEqual(position("half_open"));
    const times = [0, 1, 2, 3, 4, 5, 40].map((openings) => decide({ ...CLOSED, openings }, seen(20, 20))?.openForMs);
    expect(times).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
    expect(decide(CLOSED, seen(20, 20), 0, 0.5)?.openForMs).toBe(33_000);
  });

  it("does not stay open for ever when the clock was set back", () => {
    expect(decide(position("open"), seen(0, 0), OPEN_LONGEST_MS + 1)?.to.state).toBe("half_open");
  });

  it("returns by probes, then in steps, each with calls that succeed", () => {
    let present = position("half_open", 0, 3);
    const steps: number[] = [];
    for (const calls of [3, 10, 10, 10]) {
      expect(decide(present, seen(calls - 1, 0))).toBeNull();
      present = decide(present, seen(calls, 0))?.to ?? present;
      steps.push(present.step);
    }
    expect(steps).toEqual([1, 2, 3, 0]);
    expect(present).toEqual(CLOSED);
  });

  it("opens again with one failed probe, or half of a step's calls", () => {
    expect(decide(position("half_open", 0), seen(2, 1))).toMatchObject({
      to: { state: "open", openings: 2 },
      openForMs: 60_000,
      reason: "probe_failed",
    });
    expect(decide(position("half_open", 2), seen(4, 4))).toBeNull();
    expect(decide(position("half_open", 2), seen(5, 3))).toMatchObject({
      to: { state: "open" },
      reason: "step_failed",
    });
    expect(decide(position("half_open", 2), seen(9, 4))).toBeNull();
  });

  it("only ever goes from one state to its neighbours, and always says why and for how long", () => {
    const anywhere = fc.record({
      state: fc.constantFrom(...CIRCUIT_STATES),
      step: fc.nat(CIRCUIT_SHARES.length - 1),
      openings: fc.nat(100),
    });
    const counts = fc.nat(200).chain((calls) => fc.record({ calls: fc.constant(calls), failures: fc.nat(calls) }));
    const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(
        anywhere,
        counts,
        fc.integer({ min: -1000, max: 700_000 }),
        random,
        (any, what, openLeftMs, chance) => {
          const from = any.state === "half_open" ? any : { ...any, step: 0 };
          const decision = decideCircuit(from, what, { openLeftMs, random: chance });
          if (decision === null) return;
          const { to, openForMs } = decision;
          const next = `${from.state}>${to.state}`;
          expect([
            "closed>open",
            "open>half_open",
            "half_open>open",
            "half_open>half_open",
            "half_open>closed",
          ]).toContain(next);
          expect(openForMs !== null).toBe(to.state === "open");
          if (openForMs !== null) {
            expect(openForMs).toBeGreaterThanOrEqual(30_000);
            expect(openForMs).toBeLessThanOrEqual(OPEN_LONGEST_MS);
            expect(what.failures * 2 >= what.calls || (from.state === "half_open" && from.step === 0)).toBe(true);
          }
          if (next === "half_open>half_open") expect(to.step).toBe(from.step + 1);
          if (to.state === "closed") expect(from.step).toBe(CIRCUIT_SHARES.length - 1);
        },
      ),
    );
  });
});
