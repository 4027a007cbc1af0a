import { expect, test } from "vitest";
import { readAmount } from "./amount.ts";

test.each([
  ["0.007500", "0.0075"],
  ["1.000000", "1"],
  ["100", "100"],
  ["0.000000", "0"],
  ["12.340000", "12.34"],
])("reads %s as %s", (stored, amount) => {
  expect(readAmount(stored, "USD")).toEqual({ amount, currency: "USD" });
});

test("is no amount without a currency", () => {
  expect(readAmount("1.0", null)).toBeNull();
  expect(readAmount(null, "USD")).toBeNull();
});
