import { expect, test } from "vitest";
import { parseReportEnvelope, type ReportEnvelope } from "./index.ts";

const REPORT: ReportEnvelope = {
  type: "sms.report",
  version: 1,
  provider: "twilio",
  account: "lab",
  message_id: null,
  attempt_number: null,
  received_at: "2026-01-31T10:00:00.000Z",
  request_id: "r-1",
  query: "?a=lab",
  content_type: "application/x-www-form-urlencoded",
  body: "MessageStatus=delivered",
};

test("a report survives its way as JSON", () => {
  expect(parseReportEnvelope(JSON.parse(JSON.stringify(REPORT)))).toEqual({ ok: true, value: REPORT });
});

test.each([
  ["provider", { ...REPORT, provider: "acme" }],
  ["version", { ...REPORT, version: "1" }],
  ["body", { ...REPORT, body: null }],
])("a report with a wrong %s is refused by name", (field, value) => {
  expect(parseReportEnvelope(value)).toEqual({ ok: false, problem: expect.stringContaining(field) });
});

test("a report of a newer version is refused as such, one with more fields is read", () => {
  const problem = "/version 2 of sms.report is a newer version; this process reads version 1";
  expect(parseReportEnvelope({ ...REPORT, version: 2 })).toEqual({ ok: false, problem });
  expect(parseReportEnvelope({ ...REPORT, region: "eu" }).ok).toBe(true);
});
