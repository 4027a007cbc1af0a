import { describe, expect, it } from "vitest";
import { captureLog } from "../test/capture-log.ts";
import { createLogger } from "./logger.ts";
import { createStopSequence } from "./stop-sequence.ts";

function openSequence() {
  const log = captureLog();
  const logger = createLogger({ service: "worker", level: "info", destination: log.destination });
  return { log, sequence: createStopSequence(logger) };
}

describe("createStopSequence", () => {
  it("runs the steps one after another, the last added first", async () => {
    const { log, sequence } = openSequence();
    const seen: (string | undefined)[] = [];
    for (const name of ["database", "consumer", "server"]) {
      sequence.add(name, async () => {
        await Promise.resolve();
        seen.push(sequence.currentStep());
      });
    }
    await sequence.stop();
    expect(seen).toEqual(["server", "consumer", "database"]);
    expect(sequence.currentStep()).toBeUndefined();
    expect(log.lines()).toEqual(
      seen.map((step) =>
        expect.objectContaining({ event: "service.stop_step", level: "info", step, duration_ms: expect.any(Number) }),
      ),
    );
  });

  it("runs every step although some fail, and then rejects with all their errors", async () => {
    const { log, sequence } = openSequence();
    const seen: string[] = [];
    sequence.add("database", () => seen.push("database"));
    sequence.add("consumer", async () => {
      throw new Error("channel gone");
    });
    sequence.add("server", () => {
      throw new Error("port gone");
    });
    const error: unknown = await sequence.stop().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({
      message: "Stopping failed at: server, consumer",
      errors: [{ message: "port gone" }, { message: "channel gone" }],
    });
    expect(seen).toEqual(["database"]);
    expect(log.lines().map(({ step, failed }) => [step, failed])).toEqual([
      ["server", true],
      ["consumer", true],
      ["database", undefined],
    ]);
  });

  it("stops only once", async () => {
    const { sequence } = openSequence();
    let runs = 0;
    sequence.add("server", () => {
      runs += 1;
    });
    await Promise.all([sequence.stop(), sequence.stop()]);
    expect(runs).toBe(1);
  });

  it("refuses a step after stopping has begun", async () => {
    const { sequence } = openSequence();
    await sequence.stop();
    expect(() => sequence.add("late", () => undefined)).toThrow("Cannot add the stop step late");
  });
});
