import { expect, test } from "vitest";
import { type AcceptedEnvelope, parseAcceptedEnvelope } from "./index.ts";

const ENVELOPE: AcceptedEnvelope = {
  type: "sms.accepted",
  version: 1,
  seed: "0190a1b2c3d4000102030405060708ff",
  client_id: "00000000-0000-7000-8000-000000000001",
  key_id: null,
  idempotency_key_hash: null,
  fingerprint: null,
  idempotency_expires_at: null,
  accepted_at: "2026-01-31T10:00:00.000Z",
  request: { id: "r-1", ip: "203.0.113.7", user_agent: null, bytes: 40, message_length: 5 },
  simulated: true,
  batch_id: "0190a1b2-c3d4-7000-8000-000000000001",
  from_number: null,
  text: "secret text",
  message_type: "text",
  udh: null,
  sms_type: "otp",
  encoding: "gsm7",
  segments: 1,
  providers: ["twilio"],
  priority: 1,
  schedule_at: null,
  expire_at: "2026-01-31T10:05:00.000Z",
  callback_url: null,
  custom_id: null,
  metadata: null,
  recipients: [{ id: "0190a1b2-c3d4-7000-8000-000000000002", to: "+12025550123" }],
};

test("an envelope survives its way as JSON", () => {
  expect(parseAcceptedEnvelope(JSON.parse(JSON.stringify(ENVELOPE)))).toEqual({ ok: true, value: ENVELOPE });
});

test.each<[string, unknown, RegExp]>([
  ["another type", { ...ENVELOPE, type: "sms.report" }, /type/],
  ["another version", { ...ENVELOPE, version: 2 }, /version/],
  ["a seed that is none", { ...ENVELOPE, seed: "x" }, /seed/],
  ["no recipients", { ...ENVELOPE, recipients: [] }, /recipients/],
  ["a provider that does not exist", { ...ENVELOPE, providers: ["acme"] }, /providers/],
  ["a time without milliseconds", { ...ENVELOPE, expire_at: "2026-01-31T10:05:00Z" }, /expire_at/],
  ["an id in capitals", { ...ENVELOPE, batch_id: "0190A1B2-C3D4-7000-8000-000000000001" }, /batch_id/],
  ["a text that is a number", { ...ENVELOPE, text: 5 }, /text/],
  ["no object at all", "secret text", /./],
  ["null", null, /./],
  ["a list", [ENVELOPE], /./],
])("an envelope with %s is refused", (_what, value, problem) => {
  const parsed = parseAcceptedEnvelope(value);
  expect(parsed).toEqual({ ok: false, problem: expect.stringMatching(problem) });
});

test("an envelope with fields that we do not know is read: a version that adds some runs beside us", () => {
  const [recipient] = ENVELOPE.recipients;
  const value = { ...ENVELOPE, campaign: { id: 7 }, recipients: [{ ...recipient, locale: "de" }] };
  expect(parseAcceptedEnvelope(value).ok).toBe(true);
});

test("an envelope of a newer version is refused as such, whatever else it holds", () => {
  const problem = "/version 2 of sms.accepted is a newer version; this process reads version 1";
  expect(parseAcceptedEnvelope({ type: "sms.accepted", version: 2 })).toEqual({ ok: false, problem });
});

test("a problem never quotes the text or the number", () => {
  const bad = { ...ENVELOPE, priority: 9, recipients: [{ id: "x", to: "+12025550123" }] };
  const parsed = parseAcceptedEnvelope(bad);
  expect(JSON.stringify(parsed)).not.toMatch(/secret text|2025550123/);
});
