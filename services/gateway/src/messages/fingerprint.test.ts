import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, fingerprintRequest, hashIdempotencyKey } from "./fingerprint.ts";

test("the fingerprint does not depend on the order of names or on spaces", () => {
  const one = JSON.parse('{"to":"1","metadata":{"b":[1,{"y":1,"x":2}],"a":null}}');
  const other = JSON.parse('{ "metadata": {"a":null, "b":[1,{"x":2,"y":1}]}, "to":"1" }');
  expect(fingerprintRequest("POST /x", one)).toBe(fingerprintRequest("POST /x", other));
});

test.each<[string, unknown]>([
  ["another value", { to: "2", list: [1, 2] }],
  ["another order of a list", { to: "1", list: [2, 1] }],
  ["a field more, though null", { to: "1", list: [1, 2], message: null }],
  ["a number for a text", { to: 1, list: [1, 2] }],
])("the fingerprint tells %s", (_what, body) => {
  expect(fingerprintRequest("POST /x", body)).not.toBe(fingerprintRequest("POST /x", { to: "1", list: [1, 2] }));
});

test("the fingerprint tells the route", () => {
  expect(fingerprintRequest("POST /x", {})).not.toBe(fingerprintRequest("POST /y", {}));
});

test("canonical JSON is JSON of the same value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("a fingerprint and a key's hash are SHA-256 in hex", () => {
  expect(fingerprintRequest("POST /x", {})).toMatch(/^[0-9a-f]{64}$/);
  expect(hashIdempotencyKey("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
