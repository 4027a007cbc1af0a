import type { ProviderCircuit } from "@sms-gateway/db";
import { beforeEach, describe, expect, it } from "vitest";
import { type CircuitGate, createCircuitGate } from "./circuit-gate.ts";

describe("the gate of a circuit", () => {
  let nowMs = 0;
  let gate: CircuitGate;
  beforeEach(() => {
    nowMs = 1_000_000;
    gate = createCircuitGate(() => nowMs);
  });

  const follow = (changes: Partial<ProviderCircuit>): void =>
    gate.follow({ provider: "twilio", state: "closed", step: 0, openings: 0, epoch: 1, heldMs: 0, ...changes });
  const passing = (messages: number): number =>
    Array.from({ length: messages }, () => gate.passes("twilio")).filter(Boolean).length;

  it("lets everything through when it is closed or unknown, nothing when it is open", () => {
    expect(passing(10)).toBe(10);
    follow({});
    expect(passing(10)).toBe(10);
    follow({ state: "open", epoch: 2 });
    expect(passing(10)).toBe(0);
    expect(gate.passes("plivo")).toBe(true);
  });

  it("lets single probes through: the next one after the end of the last, or after a while", () => {
    follow({ state: "half_open", epoch: 3 });
    expect(passing(100)).toBe(1);
    gate.probeEnded("twilio", 2);
    expect(passing(100)).toBe(0);
    gate.probeEnded("twilio", 3);
    expect(passing(100)).toBe(1);
    nowMs += 15_000;
    expect(passing(100)).toBe(1);
  });

  it.each([
    [1, 10],
    [2, 20],
    [3, 40],
  ])("lets a share through in step %i, evenly, and one more by its ticket", (step, share) => {
    follow({ state: "half_open", step, epoch: 4 });
    expect(passing(80)).toBe(share + 1);
    expect(passing(80)).toBe(share);
    nowMs += 1_000;
    expect(passing(80)).toBe(share + 1);
  });

  it("keeps spared messages away from a half-open one, which costs neither share nor ticket", () => {
    expect(gate.passes("twilio", true)).toBe(true);
    follow({ state: "half_open", step: 1, epoch: 5 });
    expect(Array.from({ length: 40 }, () => gate.passes("twilio", true))).not.toContain(true);
    expect(passing(8)).toBe(2);
  });

  it("lets the next message through, however long there was none", () => {
    follow({ state: "half_open", step: 1, epoch: 4 });
    for (let minute = 0; minute < 10; minute += 1) {
      nowMs += 60_000;
      expect(gate.passes("twilio")).toBe(true);
    }
  });

  it("lets nothing through while the provider wants us to wait, and only ever extends that", () => {
    expect(gate.hold("twilio", 5_000)).toBe(5_000);
    expect(gate.hold("twilio", 2_000)).toBe(0);
    follow({ heldMs: 0 });
    expect(gate.heldMs("twilio")).toBe(5_000);
    expect(passing(5)).toBe(0);
    nowMs += 4_999;
    expect(passing(5)).toBe(0);
    nowMs += 1;
    expect(passing(5)).toBe(5);
    follow({ heldMs: 3_000 });
    expect(passing(5)).toBe(0);
    expect(gate.hold("twilio", 4_000)).toBe(1_000);
  });
});
