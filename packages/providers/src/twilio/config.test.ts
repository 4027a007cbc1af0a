import { inspect } from "node:util";
import { expect, it } from "vitest";
import { createProviderAccount } from "../registry.ts";
import { readTwilioConfig } from "./config.ts";

const credentials = { accountSid: `AC${"0".repeat(32)}`, authToken: "f".repeat(32) };

it("points at Twilio unless told otherwise", () => {
  expect(readTwilioConfig({ credentials })).toEqual({ ...credentials, baseUrl: "https://api.twilio.com" });
});

it.each(["+15005550006", "12345", "My Shop", "B2B", `MG${"a".repeat(32)}`])("takes %j as sender", (sender) => {
  expect(readTwilioConfig({ credentials, sender }).sender).toBe(sender);
});

it.each(["", "+", "twelve chars", "ünnamed", "+1 500"])("refuses %j as sender", (sender) => {
  const read = () => readTwilioConfig({ credentials, sender });
  expect(read).toThrow(TypeError);
  expect(read).toThrow("sender");
});

it.each(["api.twilio.com", "ftp://x", "http://", "https://user:pw@host", "http://host?x", "http://host:99999999"])(
  "refuses %j as address",
  (baseUrl) => {
    expect(() => readTwilioConfig({ credentials, baseUrl })).toThrow("baseUrl");
  },
);

it("names every bad field at once and shows no value", () => {
  const bad = { accountSid: "SK-wrong-account", authToken: "two words" };
  try {
    createProviderAccount({ adapter: "twilio", credentials: bad });
    expect.unreachable();
  } catch (error) {
    expect(inspect(error)).toMatch(/accountSid.*authToken/);
    expect(inspect(error)).not.toMatch(/SK-wrong-account|two words/);
  }
  expect(() => createProviderAccount({ adapter: "twilio", credentials: {} })).toThrow(/accountSid.*authToken/);
});

it("shows no secret when an account is printed", () => {
  const account = createProviderAccount({ adapter: "twilio", credentials });
  expect(inspect(account, { depth: 9, showHidden: true }) + JSON.stringify(account)).not.toContain(
    credentials.authToken,
  );
});
