import { expect, test } from "vitest";
import { readForm, sampleProvider } from "../../test/sample-form.ts";
import { findRefusal, type RefusalFacts } from "./find-refusal.ts";

const NOW = Date.parse("2026-01-31T10:00:00Z");
const DAY_MS = 24 * 3600 * 1000;
const FACTS: RefusalFacts = {
  providers: [sampleProvider(), sampleProvider({ name: "plivo", priority: 2 })],
  simulated: true,
  nowMs: NOW,
  sender: null,
  clientSender: null,
  allowAnySender: undefined,
};
const iso = (timeMs: number) => new Date(timeMs).toISOString();
const off = { enabled: false };

type Row = readonly [
  fact: string,
  body: Record<string, unknown>,
  facts: Partial<RefusalFacts>,
  refusal: object | undefined,
];

const ROWS: readonly Row[] = [
  ["nothing stands against a plain message", {}, {}, undefined],
  [
    "a template does not exist yet",
    { template_id: "promo" },
    {},
    { code: "TEMPLATE_NOT_FOUND", details: { template_id: "promo" } },
  ],
  ["a past schedule_at means now", { schedule_at: iso(NOW - DAY_MS) }, {}, undefined],
  ["90 days ahead is allowed", { schedule_at: iso(NOW + 90 * DAY_MS) }, {}, undefined],
  [
    "more than 90 days ahead is not",
    { schedule_at: iso(NOW + 90 * DAY_MS + 1) },
    {},
    {
      code: "INVALID_PAYLOAD",
      details: { errors: [{ path: "/schedule_at", message: "must be at most 90 days ahead" }] },
    },
  ],
  [
    "a past expire_at is not",
    { expire_at: iso(NOW) },
    {},
    { code: "INVALID_PAYLOAD", details: { errors: [{ path: "/expire_at", message: "must be in the future" }] } },
  ],
  ["nor one more than 90 days ahead", { expire_at: iso(NOW + 91 * DAY_MS) }, {}, { code: "INVALID_PAYLOAD" }],
  ["any sender is allowed while simulated", { from_number: "ACME" }, {}, undefined],
  [
    "a foreign sender is not, once messages are real",
    { from_number: "ACME" },
    { simulated: false, providers: [sampleProvider({ accounts: { live: true, lab: false } })] },
    { code: "SENDER_NOT_ALLOWED", status: 403 },
  ],
  [
    "nor when the setting says so",
    { from_number: "ACME" },
    { allowAnySender: false, clientSender: "OTHER" },
    { code: "SENDER_NOT_ALLOWED" },
  ],
  [
    "the client's own sender is, with or without its +",
    { from_number: "12025550100" },
    { allowAnySender: false, clientSender: "+12025550100" },
    undefined,
  ],
  ["any sender is, when the setting says so", { from_number: "ACME" }, { allowAnySender: true }, undefined],
  [
    "the one requested provider is disabled",
    { provider: "twilio" },
    { providers: [sampleProvider(off), sampleProvider({ name: "plivo" })] },
    { code: "PROVIDER_DISABLED", status: 409, details: { providers: ["twilio"] } },
  ],
  [
    "the one requested provider is paused",
    { providers: ["Twilio"] },
    { providers: [sampleProvider({ paused: true })] },
    { code: "PROVIDER_DISABLED" },
  ],
  [
    "the one requested provider is without an account",
    { provider: "twilio" },
    { providers: [sampleProvider({ accounts: { live: true, lab: false } })] },
    { code: "PROVIDER_DISABLED" },
  ],
  ["the one requested provider is not in the directory", { provider: "nexmo" }, {}, { code: "PROVIDER_DISABLED" }],
  [
    "one of two requested providers is enough",
    { providers: ["twilio", "plivo"] },
    { providers: [sampleProvider(off), sampleProvider({ name: "plivo" })] },
    undefined,
  ],
  [
    "all requested providers are disabled",
    { providers: ["twilio", "plivo"] },
    { providers: [sampleProvider(off), sampleProvider({ ...off, name: "plivo" })] },
    { code: "ALL_PROVIDERS_DISABLED", status: 409 },
  ],
  [
    "no provider is operational",
    {},
    { providers: [sampleProvider(off)] },
    { code: "NO_PROVIDER_AVAILABLE", status: 503, retryAfterS: 30 },
  ],
  [
    "no provider can carry the type",
    { message_type: "binary", message: "00ff" },
    {},
    { code: "UNSUPPORTED_MESSAGE", status: 422 },
  ],
  [
    "no provider can carry the name as sender",
    {},
    {
      sender: "ACME",
      providers: [sampleProvider({ capabilities: { message_types: ["text"], alphanumeric_senders: false } })],
    },
    { code: "UNSUPPORTED_MESSAGE" },
  ],
  [
    "a number as sender every provider can carry",
    {},
    {
      sender: "+12025550100",
      providers: [sampleProvider({ capabilities: { message_types: ["text"], alphanumeric_senders: false } })],
    },
    undefined,
  ],
  [
    "one provider that can is enough",
    {},
    {
      sender: "ACME",
      providers: [
        sampleProvider({ capabilities: { message_types: ["text"], alphanumeric_senders: false } }),
        sampleProvider({ name: "plivo" }),
      ],
    },
    undefined,
  ],
];

test.each(ROWS)("%s", (_fact, body, facts, refusal) => {
  const found = findRefusal(readForm(body), { ...FACTS, ...facts });
  if (refusal === undefined) expect(found).toBeUndefined();
  else expect(found).toMatchObject(refusal);
});
