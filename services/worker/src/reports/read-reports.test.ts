import { createLogger, createMetrics } from "@sms-gateway/runtime";
import { sampleReport } from "@sms-gateway/testkit";
import { describe, expect, it } from "vitest";
import { createProviderAccounts } from "../accounts/provider-accounts.ts";
import { loadWorkerSettings } from "../config.ts";
import { createWorkerMetrics } from "../metrics.ts";
import { readReports } from "./read-reports.ts";

function read(sid: string) {
  const log: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void log.push(JSON.parse(line)) };
  const deps = {
    accounts: createProviderAccounts(loadWorkerSettings({})),
    metrics: createWorkerMetrics(createMetrics("worker")),
    logger: createLogger({ service: "worker", level: "info", destination }),
  };
  const body = new URLSearchParams({ MessageSid: sid, MessageStatus: "sent" }).toString();
  return { reports: readReports(deps, sampleReport({ body })), log };
}

describe("readReports", () => {
  it.each(["SM1", "a".repeat(128), "0A0000-12_34:5"])("reads a report on %s", (sid) => {
    expect(read(sid).reports).toMatchObject([{ kind: "lab", report: { provider_message_id: sid, status: "sent" } }]);
  });

  it.each([
    ["a zero byte", "SM\u0000"],
    ["a space", "SM 1"],
    ["a line break", "SM\n1"],
    ["more than 128 characters", "a".repeat(129)],
  ])("refuses an id with %s, loudly: the database could not hold it", (_what, sid) => {
    const { reports, log } = read(sid);
    expect(reports).toEqual([]);
    expect(log).toMatchObject([{ event: "report.unreadable", level: "error" }]);
  });
});
