import { SettingsError } from "@sms-gateway/runtime";
import { describe, expect, test } from "vitest";
import { loadAllSettings } from "./config.ts";

function problemsOf(env: Record<string, string>): string[] {
  try {
    loadAllSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map(({ name }) => name);
    throw error;
  }
  return [];
}

describe("the settings of the standalone shape", () => {
  test("need nothing: both sides find each other and the lab, and the database is the embedded one", () => {
    const { standalone, gateway, worker } = loadAllSettings({});
    expect(standalone).toEqual({ EMBEDDED_POSTGRES_DIR: ".data/postgres" });
    expect(gateway.WORKER_URL).toBe("http://127.0.0.1:9000");
    expect([worker.PUBLIC_URL, worker.LAB_URL]).toEqual(["http://127.0.0.1:9000", "http://127.0.0.1:9100"]);
  });

  test("follow ports and hosts that are set, unless an address is", () => {
    const env = { WORKER_PORT: "9001", LAB_PORT: "9101", LAB_HOST: "::1", PUBLIC_URL: "https://sms.example.com" };
    const { gateway, worker } = loadAllSettings(env);
    expect(gateway.WORKER_URL).toBe("http://127.0.0.1:9001");
    expect([worker.PUBLIC_URL, worker.LAB_URL]).toEqual(["https://sms.example.com", "http://[::1]:9101"]);
  });

  test("of both sides are all named in one error, each once", () => {
    const problems = problemsOf({ GATEWAY_PORT: "x", WORKER_PORT: "y", LOG_LEVEL: "loud", DATABASE_URL: "here" });
    expect(problems.toSorted()).toEqual(["DATABASE_URL", "GATEWAY_PORT", "LOG_LEVEL", "WORKER_PORT"]);
  });

  test("refuse servers of the other shape", () => {
    expect(problemsOf({ RABBITMQ_URL: "amqp://localhost" })).toEqual(["RABBITMQ_URL"]);
    expect(problemsOf({ REDIS_URL: "redis://localhost", RABBITMQ_URL: "amqp://localhost" })).toEqual([
      "RABBITMQ_URL",
      "REDIS_URL",
    ]);
    // Empty counts as not set, as in .env.example.
    expect(problemsOf({ RABBITMQ_URL: "", REDIS_URL: "" })).toEqual([]);
  });
});
