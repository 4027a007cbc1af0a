import { SettingsError } from "@sms-gateway/runtime";
import { expect, test } from "vitest";
import { loadGatewaySettings } from "./config.ts";

function problemsOf(environment: Record<string, string>): string[] {
  try {
    loadGatewaySettings(environment);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.map(({ name }) => name);
  }
}

test("the defaults are those of the requirement documents", () => {
  expect(loadGatewaySettings({})).toMatchObject({
    GATEWAY_PORT: 8001,
    API_KEY_REQUIRED: true,
    MAX_MESSAGE_LENGTH: 1600,
    MAX_RECIPIENTS_PER_REQUEST: 1000,
    RATE_LIMIT_PER_SECOND: 10,
    RATE_LIMIT_PER_MINUTE: 100,
    RATE_LIMIT_PER_HOUR: 1000,
    TRUST_PROXY: 0,
  });
});

test("requirement 002's own environment is taken", () => {
  const environment = { DEFAULT_PROVIDER: "twilio", DEFAULT_FROM_NUMBER: "+1234567890", API_KEY_REQUIRED: "false" };
  expect(loadGatewaySettings(environment)).toMatchObject({ ...environment, API_KEY_REQUIRED: false });
});

test("bad values are named, several at once", () => {
  expect(problemsOf({ GATEWAY_PORT: "port", WORKER_URL: "localhost:9000", TRUST_PROXY: "-1" })).toEqual([
    "GATEWAY_PORT",
    "WORKER_URL",
    "TRUST_PROXY",
  ]);
});

test("what no schema can say is told together with the rest", () => {
  expect(problemsOf({ DEFAULT_COUNTRY: "XX", MAX_MESSAGE_LENGTH: "long" })).toEqual([
    "MAX_MESSAGE_LENGTH",
    "DEFAULT_COUNTRY",
  ]);
});

test("a default sender that is none and a country that does not exist are bad values too", () => {
  expect(problemsOf({ DEFAULT_FROM_NUMBER: "ACME!", DEFAULT_COUNTRY: "XX" })).toEqual([
    "DEFAULT_FROM_NUMBER",
    "DEFAULT_COUNTRY",
  ]);
  expect(problemsOf({ DEFAULT_FROM_NUMBER: "ACME", DEFAULT_COUNTRY: "de" })).toEqual([]);
});
