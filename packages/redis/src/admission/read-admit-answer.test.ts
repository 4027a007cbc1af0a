import { expect, test } from "vitest";
import { readAdmitAnswer } from "./read-admit-answer.ts";

const content = ["seed", "token", "fingerprint", 2, 1_000, "2026-01-31", 2, 1, "memo"];

test("reads an admission with its reservation and limits", () => {
  expect(readAdmitAnswer(["admitted", content, 1, [["per_hour", 9, 8, 400]]])).toEqual({
    outcome: "admitted",
    reservation: {
      seed: "seed",
      token: "token",
      fingerprint: "fingerprint",
      count: 2,
      acceptedAtMs: 1_000,
      chargedDay: "2026-01-31",
      chargedAmount: 2,
      simulated: true,
      memo: "memo",
    },
    takenOver: true,
    limits: [{ name: "per_hour", limit: 9, remaining: 8, resetS: 400 }],
  });
});

test.each([
  ["answer is not a list", null],
  ["unknown outcome perhaps", ["perhaps"]],
  ["reservation is not a list", ["replay"]],
  ["count is not a number", ["replay", content.with(3, "2")]],
  ["memo is not a string", ["replay", content.slice(0, 8)]],
  ["unknown limit per_year", ["limited", "per_year", 1, []]],
  ["retryAfterS is not a number", ["limited", "per_hour", null, []]],
])("says what is wrong: %s", (problem, value) => {
  expect(() => readAdmitAnswer(value)).toThrow(problem);
});
