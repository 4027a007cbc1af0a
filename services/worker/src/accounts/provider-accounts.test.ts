import { PROVIDER_NAMES } from "@sms-gateway/contracts";
import { SettingsError } from "@sms-gateway/runtime";
import { describe, expect, it } from "vitest";
import { loadWorkerSettings } from "../config.ts";
import { checkRealProviders } from "./check-real-providers.ts";
import { createProviderAccounts, listUnusedCredentials } from "./provider-accounts.ts";

const TWILIO = {
  TWILIO_SID: `AC${"a".repeat(32)}`,
  TWILIO_AUTH_TOKEN: "b".repeat(32),
  TWILIO_PHONE_NUMBER: "+12025550100",
};
const REACHABLE = { PUBLIC_URL: "https://sms.example.com" };
const SECRETS = { ID_SECRET: "c".repeat(32), INTERNAL_TOKEN: "d".repeat(32), LAB_TOKEN: "e".repeat(32) };

function describeAccounts(env: Record<string, string>): string[] {
  const accounts = createProviderAccounts(loadWorkerSettings(env));
  return accounts.describe().map(({ provider, kind }) => `${provider} ${kind}`);
}

describe("createProviderAccounts", () => {
  it("simulates every provider while none has credentials", () => {
    expect(describeAccounts({})).toEqual(PROVIDER_NAMES.map((name) => `${name} lab`));
  });

  it("gives a provider with credentials a live account beside the lab's", () => {
    expect(describeAccounts(TWILIO)).toEqual(["twilio live", ...PROVIDER_NAMES.map((name) => `${name} lab`)]);
  });

  it("leaves only providers with credentials when nothing may be simulated", () => {
    expect(describeAccounts({ ...TWILIO, SIMULATE_PROVIDERS: "false" })).toEqual(["twilio live", "twilio lab"]);
    expect(describeAccounts({ SIMULATE_PROVIDERS: "false" })).toEqual([]);
  });

  it("has no lab account while the lab is off", () => {
    expect(describeAccounts({ ...TWILIO, LAB: "false" })).toEqual(["twilio live"]);
  });

  it("keeps the secrets of lab and live apart: a lab signature never verifies for a real account", () => {
    const accounts = createProviderAccounts(loadWorkerSettings(TWILIO));
    expect(accounts.find("twilio", "live")).not.toBe(accounts.find("twilio", "lab"));
    expect(accounts.list("twilio").map(({ kind }) => kind)).toEqual(["live", "lab"]);
    expect(accounts.list("plivo").map(({ kind }) => kind)).toEqual(["lab"]);
  });
});

describe("listUnusedCredentials", () => {
  it("names credentials without an adapter, and halves of credentials", () => {
    const env = { PLIVO_AUTH_ID: "id", PLIVO_AUTH_TOKEN: "token", TWILIO_SID: "AC1", CLICKATELL_API_KEY: "key" };
    expect(listUnusedCredentials(loadWorkerSettings(env))).toEqual([
      { provider: "twilio", reason: "TWILIO_AUTH_TOKEN not set" },
      { provider: "plivo", reason: expect.stringContaining("adapter") },
      { provider: "clickatell", reason: expect.stringContaining("adapter") },
    ]);
    expect(listUnusedCredentials(loadWorkerSettings(TWILIO))).toEqual([]);
  });
});

describe("checkRealProviders", () => {
  const check = (env: Record<string, string>) => {
    const settings = loadWorkerSettings(env);
    checkRealProviders(settings, createProviderAccounts(settings));
  };

  it("lets everything be simulated with published secrets", () => {
    expect(() => check({})).not.toThrow();
  });

  it("refuses a real provider with published secrets, and names each of them", () => {
    expect(() => check(TWILIO)).toThrow(SettingsError);
    expect(() => check(TWILIO)).toThrow(/ID_SECRET[\s\S]*INTERNAL_TOKEN[\s\S]*LAB_TOKEN/);
    expect(() => check({ ...TWILIO, ...SECRETS, ...REACHABLE })).not.toThrow();
  });

  it("does not ask for a lab token while the lab is off", () => {
    const { LAB_TOKEN, ...others } = SECRETS;
    expect(LAB_TOKEN).not.toBe("");
    expect(() => check({ ...TWILIO, ...others, ...REACHABLE, LAB: "false" })).not.toThrow();
  });

  it("refuses a real provider with the compose file's passwords, and names each of them", () => {
    const urls = {
      RABBITMQ_URL: "amqp://sms-gateway:development-only@rabbitmq:5672",
      REDIS_URL: "redis://:development-only@redis:6379",
      DATABASE_URL: "postgresql://sms_gateway:development-only@postgres:5432/sms_gateway",
    };
    const real = { ...TWILIO, ...SECRETS, ...REACHABLE };
    expect(() => check({ ...real, ...urls })).toThrow(/RABBITMQ_URL[\s\S]*REDIS_URL[\s\S]*DATABASE_URL/);
    expect(() => check({ ...real, REDIS_URL: urls.REDIS_URL })).toThrow(/REDIS_URL/);
    expect(() => check(urls)).not.toThrow();
    expect(() => check({ ...real, REDIS_URL: "redis://:something-else@redis:6379" })).not.toThrow();
  });

  it.each([
    ["http://localhost:9000", false],
    ["http://worker:9000", false],
    ["http://127.0.0.1:9000", false],
    ["http://10.1.2.3", false],
    ["http://172.20.0.1", false],
    ["http://192.168.1.9", false],
    ["http://100.64.0.1", false],
    ["http://[::1]:9000", false],
    ["http://[fd00::1]", false],
    ["http://[fe80::1]", false],
    ["http://[::ffff:10.0.0.1]", false],
    ["https://sms.example.com/base", true],
    ["http://203.0.113.7:9000", true],
    ["http://172.32.0.1", true],
    ["http://[2001:db8::1]", true],
  ])("takes PUBLIC_URL %s as public for real providers: %s", (url, isPublic) => {
    const attempt = () => check({ ...TWILIO, ...SECRETS, PUBLIC_URL: url });
    if (isPublic) expect(attempt).not.toThrow();
    else expect(attempt).toThrow(/PUBLIC_URL/);
    expect(() => check({ PUBLIC_URL: url })).not.toThrow();
  });
});
