import { expect, test } from "vitest";
import { signClientAddress, verifyClientAddress } from "./index.ts";

const TOKEN = "an internal token for tests";
const signature = signClientAddress(TOKEN, "203.0.113.7", "r-1");

test("the gateway's own signature is believed", () => {
  expect(verifyClientAddress(TOKEN, "203.0.113.7", "r-1", signature)).toBe(true);
});

test.each([
  ["of another address", { address: "203.0.113.8" }],
  ["of another request", { requestId: "r-2" }],
  ["under another token", { token: "another internal token" }],
  ["that is cut", { given: signature.slice(1) }],
  ["that is empty", { given: "" }],
])("a signature %s is not", (_what, change) => {
  const all = { token: TOKEN, address: "203.0.113.7", requestId: "r-1", given: signature, ...change };
  expect(verifyClientAddress(all.token, all.address, all.requestId, all.given)).toBe(false);
});
