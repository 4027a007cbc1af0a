import { expect, test } from "vitest";
import { defaultPriority, type Lane, laneOf, SMS_TYPES } from "./index.ts";

const priorities = [1, 2, 3, 4, 5];

test.each<[string, Lane]>([
  ["otp", "high"],
  ["alert", "high"],
  ["promotional", "bulk"],
  ["marketing", "bulk"],
])("%s messages travel in the lane %s whatever their priority", (smsType, lane) => {
  const type = SMS_TYPES.find((known) => known === smsType);
  expect(priorities.map((priority) => type && laneOf(type, priority))).toEqual(priorities.map(() => lane));
});

test("transactional messages travel by priority", () => {
  expect(priorities.map((priority) => laneOf("transactional", priority))).toEqual([
    "high",
    "high",
    "normal",
    "normal",
    "bulk",
  ]);
});

test("without a priority codes and alerts come first, campaigns last", () => {
  expect(SMS_TYPES.map((type) => [type, defaultPriority(type)])).toEqual([
    ["transactional", 3],
    ["promotional", 5],
    ["otp", 1],
    ["alert", 1],
    ["marketing", 5],
  ]);
});
