import { createMetrics } from "@sms-gateway/runtime";
import { expect, it } from "vitest";
import { createWorkerMetrics } from "../metrics.ts";
import { queueDepthTask } from "./sweeps.ts";

it("shows how much waits in each queue, and nothing while the queue cannot tell", async () => {
  const metrics = createMetrics("worker");
  let depths: Record<string, number> | undefined = { "sms.accepted.high": 3, "sms.reports": 0 };
  const task = queueDepthTask({ depths: async () => depths }, createWorkerMetrics(metrics));
  const shown = async () => {
    const text = await metrics.registry.getSingleMetricAsString("sms_queue_depth");
    return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  };
  await task.run();
  expect(await shown()).toEqual([
    'sms_queue_depth{queue="sms.accepted.high",service="worker"} 3',
    'sms_queue_depth{queue="sms.reports",service="worker"} 0',
  ]);
  depths = undefined;
  await task.run();
  expect(await shown()).toEqual([]);
});
