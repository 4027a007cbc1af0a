import { sampleEnvelopes, sampleReport } from "@sms-gateway/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readAcceptedGroup, readReport, writeAcceptedGroup, writeReport } from "./delivery-content.ts";

test("reads what it writes", () => {
  const envelopes = sampleEnvelopes(3);
  expect(readAcceptedGroup(writeAcceptedGroup(envelopes))).toEqual({ good: envelopes, bad: [] });
  const report = sampleReport({ body: '\u00ff\u0000"' });
  expect(readReport(writeReport(report))).toEqual({ good: [report], bad: [] });
});

test("accounts for every value of a group, good or bad, and keeps the bad ones as they are", () => {
  const good = fc.constant(null).map(() => ({ good: true, value: sampleEnvelopes(1)[0] as unknown }));
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
      for (const read of [readAcceptedGroup, readReport]) {
        expect(read(body)).toEqual({ good: [], bad: [{ problem: expect.any(String), body }] });
      }
    }),
  );
});
