import { randomBytes, randomUUID } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { AcceptedEnvelope } from "./accepted-envelope.ts";
import {
  nameLetter,
  readAcceptedGroup,
  readReports,
  wrapDeadLetter,
  writeAcceptedGroup,
  writeReports,
} from "./delivery-content.ts";
import { findPurpose } from "./queue-names.ts";
import type { ReportEnvelope } from "./report-envelope.ts";

const REPORT: ReportEnvelope = {
  type: "sms.report",
  version: 1,
  provider: "twilio",
  account: "lab",
  message_id: randomUUID(),
  attempt_number: 1,
  received_at: "2026-01-31T10:00:00.000Z",
  request_id: "r-1",
  query: "a=lab&n=1",
  content_type: "application/x-www-form-urlencoded",
  body: '\u00ff\u0000"',
};

/** Another one with every call. */
function makeEnvelope(): AcceptedEnvelope {
  return {
    type: "sms.accepted",
    version: 1,
    seed: `0190a1b2c3d4${randomBytes(10).toString("hex")}`,
    client_id: randomUUID(),
    key_id: null,
    idempotency_key_hash: null,
    fingerprint: null,
    idempotency_expires_at: null,
    accepted_at: "2026-01-31T10:00:00.000Z",
    request: { id: "r-1", ip: "203.0.113.7", user_agent: null, bytes: 40, message_length: 5 },
    simulated: true,
    batch_id: randomUUID(),
    from_number: null,
    text: "Gr\u00fc\u00dfe, \u4f60\u597d, ok \u{1f44d}\n\"'\\",
    message_type: "text",
    udh: null,
    sms_type: "transactional",
    encoding: "ucs2",
    segments: 1,
    providers: ["twilio"],
    priority: 3,
    schedule_at: null,
    expire_at: "2026-01-31T10:05:00.000Z",
    callback_url: null,
    custom_id: null,
    metadata: { nested: { list: [1, "two", null] } },
    recipients: [{ id: randomUUID(), to: "+14155550100", name: "Ana" }],
  };
}

test("reads what it writes", () => {
  const envelopes = [makeEnvelope(), makeEnvelope(), makeEnvelope()];
  expect(readAcceptedGroup(writeAcceptedGroup(envelopes))).toEqual({ good: envelopes, bad: [] });
  expect(readReports(writeReports([REPORT, REPORT]))).toEqual({ good: [REPORT, REPORT], bad: [] });
});

test("reads a report by itself too, as it was written before there were groups", () => {
  expect(readReports(Buffer.from(JSON.stringify(REPORT)))).toEqual({ good: [REPORT], bad: [] });
});

test("a bad report of a group is put aside alone, and is read again by itself once it is mended", () => {
  const broken = { ...REPORT, provider: "pigeon" };
  const group = { type: "sms.report.group", version: 1, reports: [REPORT, broken, REPORT] };
  const { good, bad } = readReports(Buffer.from(JSON.stringify(group)));
  expect(good).toEqual([REPORT, REPORT]);
  expect(bad).toEqual([
    { problem: expect.stringMatching(/^\/reports\/1: /), body: Buffer.from(JSON.stringify(broken)), index: 1 },
  ]);
  const newer = { ...group, version: 2 };
  const problem = "/version 2 of sms.report.group is a newer version; this process reads version 1";
  expect(readReports(Buffer.from(JSON.stringify(newer))).bad).toMatchObject([{ problem }]);
});

test("accounts for every value of a group, good or bad, and keeps the bad ones as they are", () => {
  const good = fc.constant(null).map(() => ({ good: true, value: makeEnvelope() as unknown }));
  const bad = fc.jsonValue().map((value) => ({ good: false, value }));
  fc.assert(
    fc.property(fc.array(fc.oneof(good, bad), { minLength: 1, maxLength: 8 }), (parts) => {
      const body = { type: "sms.accepted.group", version: 1, envelopes: parts.map(({ value }) => value) };
      const content = readAcceptedGroup(Buffer.from(JSON.stringify(body)));
      expect(content.good).toEqual(parts.filter((part) => part.good).map(({ value }) => value));
      const badIndexes = [...parts.keys()].filter((index) => parts[index]?.good === false);
      expect(content.bad.map(({ index }) => index)).toEqual(badIndexes);
      for (const { body: kept, index = -1 } of content.bad) {
        expect(kept.toString()).toBe(JSON.stringify(parts[index]?.value));
      }
    }),
  );
});

test("puts whatever else arrives aside whole, and never throws", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
    fc.json().map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(bytes, (body) => {
      for (const read of [readAcceptedGroup, readReports]) {
        expect(read(body)).toEqual({ good: [], bad: [{ problem: expect.any(String), body }] });
      }
    }),
  );
});

test("a group of a newer version is put aside whole, and said to be one", () => {
  const body = Buffer.from(JSON.stringify({ type: "sms.accepted.group", version: 2, parcels: [] }));
  const problem = "/version 2 of sms.accepted.group is a newer version; this process reads version 1";
  expect(readAcceptedGroup(body)).toEqual({ good: [], bad: [{ problem, body }] });
});

test("a dead letter that has been mended is read again, as a part and as a whole group", () => {
  const envelopes = [makeEnvelope(), makeEnvelope()];
  const part = wrapDeadLetter(Buffer.from(JSON.stringify(envelopes[0])));
  expect(readAcceptedGroup(part.body)).toEqual({ good: envelopes.slice(0, 1), bad: [] });
  expect(part.parts).toBe(1);
  const whole = writeAcceptedGroup(envelopes);
  expect(wrapDeadLetter(whole)).toEqual({ body: whole, parts: 2 });
});

test("a dead letter that is still bad is put aside again with the same bytes", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const part = Buffer.from(` ${JSON.stringify(value)}`);
      const { good, bad } = readAcceptedGroup(wrapDeadLetter(part).body);
      expect(good).toEqual([]);
      expect(bad.map(({ body }) => body.toString())).toEqual([JSON.stringify(value)]);
    }),
  );
  const noJson = Buffer.from([0, 255, 123]);
  expect(wrapDeadLetter(noJson)).toEqual({ body: noJson, parts: 1 });
});

test("a dead letter's id tells the parts of a delivery apart", () => {
  expect([nameLetter("d", null), nameLetter("d", 0), nameLetter("d", 1)]).toEqual(["d/all", "d/0", "d/1"]);
});

test.each([
  ["sms.accepted.bulk", "bulk"],
  ["test-7.sms.accepted.high", "high"],
  ["sms.reports", "reports"],
  ["sms.dead", undefined],
  ["amq.gen-7", undefined],
  ["", undefined],
])("the queue %s is for %s", (queue, purpose) => {
  expect(findPurpose(queue)).toBe(purpose);
});
