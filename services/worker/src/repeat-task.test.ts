import { createLogger, createMetrics } from "@sms-gateway/runtime";
import { expect, it } from "vitest";
import { createWorkerMetrics } from "./metrics.ts";
import { repeatTask } from "./repeat-task.ts";

const deps = {
  logger: createLogger({ service: "worker", level: "silent", destination: { write: () => undefined } }),
  metrics: createWorkerMetrics(createMetrics("worker")),
};

it("tells the run that is under way to end, and waits for it", async () => {
  let hasEnded = false;
  const task = repeatTask(
    {
      name: "obedient",
      everyMs: 1,
      run: (signal) =>
        new Promise((resolve) => {
          signal?.addEventListener("abort", () => {
            hasEnded = true;
            resolve();
          });
        }),
    },
    deps,
  );
  expect(await task.stop(10_000)).toBe(true);
  expect(hasEnded).toBe(true);
});

it("waits no longer than it is told for a run that does not end", async () => {
  const task = repeatTask({ name: "endless", everyMs: 1, run: () => new Promise(() => undefined) }, deps);
  expect(await task.stop(20)).toBe(false);
});
