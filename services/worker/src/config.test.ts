import { listSettings, SettingsError } from "@sms-gateway/runtime";
import { describe, expect, it } from "vitest";
import { loadWorkerSettings, workerSettings } from "./config.ts";

describe("workerSettings", () => {
  it("does everything and simulates everything unless told otherwise", () => {
    expect(loadWorkerSettings({})).toMatchObject({
      WORKER_PORT: 9000,
      WORKER_ROLES: ["dispatch", "callbacks", "api"],
      PUBLIC_URL: "http://localhost:9000",
      LAB: true,
      SIMULATE_PROVIDERS: true,
      SUBMIT_TIMEOUT_MS: 10_000,
    });
  });

  it("names every bad setting at once", () => {
    const env = {
      WORKER_ROLES: "dispatch,sing",
      SUBMIT_TIMEOUT_MS: "10001",
      PUBLIC_URL: "example.com",
      DATABASE_POOL_MAX: "1",
    };
    expect(() => loadWorkerSettings(env)).toThrow(SettingsError);
    expect(() => loadWorkerSettings(env)).toThrow(
      /WORKER_ROLES[\s\S]*DATABASE_POOL_MAX[\s\S]*PUBLIC_URL[\s\S]*SUBMIT_TIMEOUT_MS/,
    );
  });

  it("marks every credential as a secret", () => {
    const secrets = listSettings(workerSettings).filter(({ secret }) => secret);
    expect(secrets.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "DATABASE_URL",
        "BOOTSTRAP_API_KEY",
        "TWILIO_AUTH_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "LAB_TOKEN",
      ]),
    );
  });

  it("honours the requirement documents' TWILIO_SID", () => {
    expect(loadWorkerSettings({ TWILIO_SID: "AC1" }).TWILIO_ACCOUNT_SID).toBe("AC1");
  });
});
