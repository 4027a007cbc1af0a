import { expect, test } from "vitest";
import { hashApiKey, readApiKey } from "./index.ts";

const KEY = "b57410a7-ea73-4b3d-811f-daa0bb565500";
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

test.each<[string, Record<string, string>, string | undefined]>([
  ["API-Key", { "api-key": KEY }, KEY],
  ["API-Key with spaces around it", { "api-key": ` ${KEY} ` }, KEY],
  ["Bearer", { authorization: `Bearer ${KEY}` }, KEY],
  ["bearer in small letters and with more spaces", { authorization: `bearer   ${KEY}` }, KEY],
  ["Basic, as user name", { authorization: basic(`${KEY}:`) }, KEY],
  ["Basic, with any password", { authorization: basic(`${KEY}:pass:word`) }, KEY],
  ["Basic, without a colon", { authorization: basic(KEY) }, KEY],
  ["API-Key before Authorization", { "api-key": KEY, authorization: "Bearer other" }, KEY],
  ["nothing", {}, undefined],
  ["an empty API-Key, which is a wrong one", { "api-key": "" }, ""],
  ["an unknown scheme, which is a wrong key", { authorization: `Digest ${KEY}` }, ""],
  ["a scheme alone", { authorization: "Bearer" }, ""],
  ["a key without end", { "api-key": "k".repeat(257) }, ""],
])("the key is read from %s", (_where, headers, key) => {
  expect(readApiKey(headers)).toBe(key);
});

test("a key is known by its SHA-256 alone", () => {
  expect(hashApiKey("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
