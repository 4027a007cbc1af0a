import { expect, test } from "vitest";
import { createQuestionQuota, isThrottled } from "./question-quota.ts";

test("a provider is asked ten times a second, twenty at once, whoever asks", () => {
  let nowMs = 0;
  const quota = createQuestionQuota(10, () => nowMs);
  expect(quota.take("twilio", 500)).toBe(20);
  expect(quota.take("twilio", 500)).toBe(0);
  expect(quota.take("plivo", 3)).toBe(3);
  let asked = 0;
  for (; nowMs < 10_000; nowMs += 50) asked += quota.take("twilio", 500);
  expect(asked).toBeGreaterThanOrEqual(98);
  expect(asked).toBeLessThanOrEqual(100);
});

test("a provider that refuses a question for its rate is not asked for ten seconds, and others are", () => {
  let nowMs = 0;
  const quota = createQuestionQuota(10, () => nowMs);
  quota.backOff("twilio");
  nowMs = 9_999;
  expect([quota.isBackedOff("twilio"), quota.take("twilio", 1)]).toEqual([true, 0]);
  expect([quota.isBackedOff("plivo"), quota.take("plivo", 1)]).toEqual([false, 1]);
  nowMs = 10_000;
  expect([quota.isBackedOff("twilio"), quota.take("twilio", 1)]).toEqual([false, 1]);
});

test("what is put off gets one turn after the other, as fast as questions are asked", () => {
  let nowMs = 0;
  const quota = createQuestionQuota(10, () => nowMs);
  expect([1, 2, 3].map(() => quota.putOff("twilio"))).toEqual([100, 200, 300]);
  expect(quota.putOff("plivo")).toBe(100);
  nowMs = 250;
  expect(quota.putOff("twilio")).toBe(150);
  nowMs = 5_000;
  expect(quota.putOff("twilio")).toBe(100);
  quota.backOff("twilio");
  expect(quota.putOff("twilio")).toBe(10_100);
});

test("a quicker pace allows more at once and side by side, and shorter turns", () => {
  const quota = createQuestionQuota(50, () => 0);
  expect(quota.take("twilio", 500)).toBe(100);
  expect([1, 2].map(() => quota.putOff("twilio"))).toEqual([20, 40]);
  expect([10, 50].map((perSecond) => createQuestionQuota(perSecond).sideBySide)).toEqual([4, 20]);
});

test("a refusal for its rate is known by its code", () => {
  expect(["20429", "HTTP_429", "429"].map((code) => isThrottled({ code }))).toEqual([true, true, true]);
  expect(["20500", "TIMEOUT"].map((code) => isThrottled({ code }))).toEqual([false, false]);
});
