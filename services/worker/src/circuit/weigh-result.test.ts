import type { SubmitResult } from "@sms-gateway/providers";
import { expect, it } from "vitest";
import { weighResult } from "./weigh-result.ts";

const error = { code: "1", reason: "reason" };
const later = (cause: "throttled" | "unavailable", code = "1"): SubmitResult => ({
  outcome: "try_later",
  cause,
  error: { code, reason: "reason" },
});

it.each<[string, SubmitResult, ReturnType<typeof weighResult>]>([
  ["accepted", { outcome: "accepted", providerMessageId: "m" }, "worked"],
  ["a refused message", { outcome: "rejected", scope: "message", error }, "worked"],
  ["a refused recipient", { outcome: "rejected", scope: "recipient", error }, "worked"],
  ["a refused account", { outcome: "rejected", scope: "provider", error }, "nothing"],
  ["no usable answer", { outcome: "unknown", error }, "failed"],
  ["not working", later("unavailable"), "failed"],
  ["throttled", later("throttled"), "nothing"],
  ["not called: its life was over", later("unavailable", "EXPIRED"), "nothing"],
  ["not called: no account", later("unavailable", "NO_ACCOUNT"), "nothing"],
  ["not called: too late", later("unavailable", "LEASE_OVER"), "nothing"],
])("what an attempt tells of its provider: %s", (_, result, weight) => {
  expect(weighResult(result)).toBe(weight);
});
