import { CALLS_WINDOW_MS, type CircuitState } from "@sms-gateway/db";
import { beforeEach, describe, expect, it } from "vitest";
import { type CallCounts, createCallCounts } from "./call-counts.ts";

describe("the calls that a worker has seen", () => {
  let nowMs = 0;
  let state: CircuitState = "closed";
  let counts: CallCounts;
  beforeEach(() => {
    nowMs = 1_000_000;
    state = "closed";
    counts = createCallCounts(() => nowMs);
  });

  /** One report, taken. */
  function report() {
    const seen = counts.toReport(() => state);
    counts.reported(seen);
    return seen;
  }

  it("are those of the last 30 s while the circuit is closed, told again and again, and once when there are none", () => {
    expect(report()).toEqual([]);
    counts.add("twilio", 0, true);
    nowMs += 10_000;
    counts.add("twilio", 0, false);
    expect(report()).toEqual([{ provider: "twilio", epoch: 0, calls: 2, failures: 1 }]);
    expect(report()).toHaveLength(1);
    nowMs += CALLS_WINDOW_MS - 10_000;
    expect(report()).toEqual([{ provider: "twilio", epoch: 0, calls: 1, failures: 0 }]);
    nowMs += CALLS_WINDOW_MS;
    expect(report()).toEqual([{ provider: "twilio", epoch: 0, calls: 0, failures: 0 }]);
    expect(report()).toEqual([]);
  });

  it("are all since its change while it returns, told when there are more", () => {
    state = "half_open";
    counts.add("twilio", 2, false);
    nowMs += 2 * CALLS_WINDOW_MS;
    counts.add("twilio", 2, false);
    expect(report()).toEqual([{ provider: "twilio", epoch: 2, calls: 2, failures: 0 }]);
    expect(report()).toEqual([]);
    counts.add("twilio", 2, true);
    expect(report()).toEqual([{ provider: "twilio", epoch: 2, calls: 3, failures: 1 }]);
  });

  it("begin anew with each change of the circuit, and late ends of older calls count no more", () => {
    counts.add("twilio", 1, true);
    counts.add("twilio", 2, false);
    counts.add("twilio", 1, true);
    expect(report()).toEqual([{ provider: "twilio", epoch: 2, calls: 1, failures: 0 }]);
  });

  it("are told again when they could not be told", () => {
    state = "half_open";
    counts.add("twilio", 1, false);
    expect(counts.toReport(() => state)).toHaveLength(1);
    expect(counts.toReport(() => state)).toHaveLength(1);
  });
});
