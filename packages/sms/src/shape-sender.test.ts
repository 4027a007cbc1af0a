import fc from "fast-check";
import { expect, test } from "vitest";
import { shapeSender } from "./index.ts";

test.each([
  ["+12025550123", "+12025550123", "number"],
  ["12025550123", "12025550123", "number"],
  ["123", "123", "number"],
  ["012345", "012345", "number"],
  ["+123456789012345", "+123456789012345", "number"],
  ["Acme", "Acme", "alphanumeric"],
  ["24 Hour Gym", "24 Hour Gym", "alphanumeric"],
  ["7ELEVEN", "7ELEVEN", "alphanumeric"],
  ["  Acme ", "Acme", "alphanumeric"],
])("%j is a sender", (raw, sender, kind) => {
  expect(shapeSender(raw)).toEqual({ ok: true, sender, kind });
});

test.each([
  ["", "empty"],
  ["   ", "empty"],
  ["12", "3 to 15 digits"],
  ["+12", "3 to 15 digits"],
  ["1234567890123456", "3 to 15 digits"],
  ["+1 202 555", "without spaces"],
  ["++123", "neither a number nor a name"],
  ["Acme Corp Ltd", "longer than 11"],
  ["Müller", "do not carry"],
  ["Acme-Corp", "do not carry"],
  ["Acme\nCorp", "do not carry"],
])("%j is refused with a sentence that says why", (raw, reason) => {
  const shaped = shapeSender(raw);
  expect(shaped.ok).toBe(false);
  expect(shaped.ok ? "" : shaped.problem).toMatch(new RegExp(reason));
});

test("takes every name of 1 to 11 letters, digits and spaces with a letter, as it is", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ]{0,9}[A-Za-z]$/), (name) => {
      expect(shapeSender(name)).toEqual({ ok: true, sender: name, kind: "alphanumeric" });
    }),
  );
});
