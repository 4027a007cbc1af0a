import fc from "fast-check";
import { expect, test } from "vitest";
import { maskPayload } from "./mask-payload.ts";

const mask = (text: string, isWhole = true) => maskPayload(Buffer.from(text), isWhole);

test("keeps the names of an envelope and what cannot be a person's, and nothing else", () => {
  const envelope = {
    type: "sms.accepted",
    version: 9,
    client_id: "00000000-0000-7000-8000-000000000001",
    accepted_at: "2026-01-02T03:04:05.678Z",
    simulated: true,
    text: "Your code is 493021",
    from_number: "+12025550100",
    providers: ["twilio", "my_secret"],
    metadata: { "Jane Doe": "+12025550123" },
    custom_id: "jane@example.com",
    new_field: 493_021,
    recipients: [{ to: "+12025550123", name: "Jane" }, {}, {}, {}],
  };
  expect(JSON.parse(mask(JSON.stringify(envelope)))).toEqual({
    type: "sms.accepted",
    version: 9,
    client_id: "00000000-0000-7000-8000-000000000001",
    accepted_at: "2026-01-02T03:04:05.678Z",
    simulated: true,
    text: "(19 characters)",
    from_number: "(12 characters)",
    providers: ["twilio", "(9 characters)"],
    metadata: "(1 entries)",
    custom_id: "(16 characters)",
    "(name 11, 9 characters)": "(number)",
    recipients: [{ to: "(12 characters)", name: "(4 characters)" }, {}, {}, "(1 more)"],
  });
});

test("shows of what is no JSON only the shape, with our own names", () => {
  expect(mask('{"type":"sms.accepted","Jane": "+12025550123", "to":"+1')).toBe(
    '{"type":"xxx.xxxxxxxx","xxxx": "+99999999999", "to":"+9',
  );
  expect(mask("\u0000\u00ff\u0661 Größe")).toBe("... xx..x");
  expect(mask('{"type":"sms.accepted"}', false)).toBe('{"type":"xxx.xxxxxxxx"}');
  expect(mask("")).toBe("");
});

test("shows nothing under a name that does not look as that name's values do", () => {
  const wrong = { id: "12025550123", type: "Jane Doe", accepted_at: "+12025550123", version: 12_025_550_123 };
  expect(JSON.parse(mask(JSON.stringify(wrong)))).toEqual({
    id: "(11 characters)",
    type: "(8 characters)",
    accepted_at: "(12 characters)",
    version: "(number)",
  });
});

test("shows no word that is not ours, and no number that could be a code, under a name that holds words and numbers", () => {
  const letter = {
    type: "hello.jane.doe",
    provider: "my_secret_password",
    account: "ac1234567890abcdef1234567890",
    version: 4_930,
    encoding: "gsm7",
    sms_type: "otp",
    message_id: "ac123456-7890-4bcd-8f12-34567890abcd",
    expires_at: "2026-01-02T03:04:05Z",
    accepted_at: "4930-20-25T55:01:23Z",
    jane_doe: { my_secret_password: true },
  };
  expect(JSON.parse(mask(JSON.stringify(letter)))).toEqual({
    type: "(14 characters)",
    provider: "(18 characters)",
    account: "(28 characters)",
    version: "(number)",
    encoding: "gsm7",
    sms_type: "otp",
    message_id: "(36 characters)",
    "(name 8, 10 characters)": "(20 characters)",
    accepted_at: "(20 characters)",
    "(name 10, 8 characters)": { "(name 1, 18 characters)": true },
  });
});

test("never shows a number or a secret, wherever it stands, and stays small", () => {
  const secret = fc.constantFrom(
    ...["+12025550123", "12025550123", "sk_live_Ab12Cd34Ef56Gh78", "Jane Doe", "493021 is it"],
    // Those that look like words, ids and times of ours.
    ...["hello.jane.doe", "my_secret_password", "ac4930217890abcdef1234567890", "pass.word"],
    ...["ac493021-7890-4bcd-8f12-34567890abcd", "4930-20-25T55:50:12Z"],
  );
  const name = fc.oneof(
    fc.constantFrom("text", "to", "id", "type", "version", "accepted_at", "metadata", "providers", "new"),
    fc.constantFrom("provider", "account", "encoding", "sms_type", "message_id", "received_at", "priority", "headers"),
    secret,
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      secret,
      fc.constantFrom(12_025_550_123, 493_021, 4_930),
      fc.array(tie("tree"), { maxLength: 5 }),
      fc.dictionary(name, tie("tree"), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.nat(50), (value, cut) => {
      const text = JSON.stringify(value);
      for (const shown of [mask(text), mask(text, false), mask(text.slice(0, text.length - cut))]) {
        expect(shown).not.toMatch(/\d{3}5550123|sk_live|jane|secret|pass|4930/i);
        expect(shown.length).toBeLessThanOrEqual(2_001);
      }
    }),
  );
});
