import { ApiError, SendRequest } from "@sms-gateway/contracts";
import { Value } from "typebox/value";
import { describe, expect, test } from "vitest";
import { FORM_SETTINGS, readForm } from "../../test/sample-form.ts";
import { findRefusal } from "./find-refusal.ts";
import { readSendRequest } from "./read-send-request.ts";
import type { FormSettings } from "./send-form.ts";

/** The problems of a body as `path message`; the schema has nothing against it. */
function problemsOf(body: Record<string, unknown>, settings: Partial<FormSettings> = {}): string[] {
  const whole = { to: "+12025550123", message: "Hello", ...body };
  expect(Value.Check(SendRequest, whole), "a body that the schema takes").toBe(true);
  const error = refusalOf(() => readSendRequest(whole, { found: [], settings: { ...FORM_SETTINGS, ...settings } }));
  if (error === undefined) return [];
  expect(error.code).toBe("INVALID_PAYLOAD");
  return listErrors(error);
}

function refusalOf(read: () => unknown): ApiError | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

function listErrors({ details }: ApiError): string[] {
  const { errors } = details;
  return Array.isArray(errors) ? errors.map(({ path, message }) => `${path} ${message}`) : [];
}

test("a plain message has the documented defaults", () => {
  expect(readForm({})).toEqual({
    recipients: [{ number: "+12025550123", name: null }],
    duplicates: [],
    text: "Hello",
    templateId: null,
    sender: null,
    messageType: "text",
    udh: null,
    smsType: "transactional",
    encoding: "gsm7",
    segments: 1,
    providers: [],
    scheduleAtMs: null,
    expireAtMs: null,
    ttlSeconds: null,
    priority: 3,
    callbackUrl: null,
    customId: null,
    metadata: null,
    warnings: [],
  });
});

test("null means not given, for every field but the recipient", () => {
  const nulls = Object.keys(SendRequest.properties).filter((name) => name !== "to" && name !== "message");
  expect(readForm(Object.fromEntries(nulls.map((name) => [name, null])))).toEqual(readForm({}));
});

describe("the documents' own examples pass verbatim", () => {
  // Requirement 002, "Send SMS".
  const full = `{
    "to": [
      {
        "number": "+1234567890",
        "country_code": "US",
        "name": "John Doe"
      }
    ],
    "from_number": "+0987654321",
    "message": "Hello! This is a test message.",
    "message_type": "text",
    "sms_type": "transactional",
    "provider": "twilio",
    "schedule_at": "2024-01-15T10:00:00Z",
    "expire_at": "2024-01-15T12:00:00Z",
    "priority": 1,
    "callback_url": "https://yourapp.com/webhook/sms",
    "custom_id": "msg_12345",
    "metadata": {"campaign": "welcome"}
  }`;
  // Requirement 002, "Python Client" and "JavaScript Client".
  const short = `{
    "to": [{"number": "+1234567890", "name": "John Doe"}],
    "message": "Hello! This is a test message from our API.",
    "sms_type": "transactional",
    "provider": "twilio"
  }`;
  // Requirement 004: text, providers in order, the field names of its gateway.
  const ordered = `{"to": "+12025550123", "text": "Hello", "providers": ["twilio", "plivo"], "ttl_seconds": 3600}`;

  test.each([
    ["002, in full", full],
    ["002, by its clients", short],
    ["004, with providers in order", ordered],
  ])("%s", (_name, json) => {
    const body: unknown = JSON.parse(json);
    expect(Value.Errors(SendRequest, body)).toEqual([]);
    const form = readSendRequest(body, { found: [], settings: FORM_SETTINGS });
    expect(form.warnings).toEqual([]);
    expect(form.recipients).toHaveLength(1);
  });

  test("002, in full, is read as it says, and is valid before its own expire_at", () => {
    const form = readSendRequest(JSON.parse(full), { found: [], settings: FORM_SETTINGS });
    expect(form).toMatchObject({
      recipients: [{ number: "+1234567890", name: "John Doe" }],
      sender: "+0987654321",
      providers: ["twilio"],
      scheduleAtMs: Date.UTC(2024, 0, 15, 10),
      expireAtMs: Date.UTC(2024, 0, 15, 12),
      priority: 1,
      callbackUrl: "https://yourapp.com/webhook/sms",
      customId: "msg_12345",
      metadata: { campaign: "welcome" },
    });
    const facts = {
      providers: [],
      simulated: true,
      nowMs: Date.UTC(2024, 0, 15, 9),
      sender: form.sender,
      clientSender: null,
    };
    expect(findRefusal(form, { ...facts, allowAnySender: undefined })?.code).toBe("PROVIDER_DISABLED");
  });
});

describe("to", () => {
  test("takes strings and objects in one list, in order", () => {
    const to = [
      "+12025550123",
      { number: "+12025550124", name: "Ana" },
      { number: "(202) 555-0125", country_code: "US" },
    ];
    expect(readForm({ to }).recipients).toEqual([
      { number: "+12025550123", name: null },
      { number: "+12025550124", name: "Ana" },
      { number: "+12025550125", name: null },
    ]);
  });

  test("lists a number that is given twice, in whatever form, and keeps the first", () => {
    const form = readForm({
      to: ["+12025550123", "0012025550123", { number: "+1 202 555 0123", name: "Ana" }, "+12025550124"],
    });
    expect(form.recipients.map(({ number }) => number)).toEqual(["+12025550123", "+12025550124"]);
    expect(form.duplicates).toEqual(["+12025550123"]);
  });

  test("names every bad recipient where it stands", () => {
    const problems = problemsOf({ to: ["+12025550123", "abc", { number: "12" }, { number: "5", country_code: "XX" }] });
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual(["/to/1", "/to/2/number", "/to/3/number"]);
    expect(problemsOf({ to: "abc" })).toEqual([expect.stringMatching(/^\/to /)]);
    expect(problemsOf({ to: { number: "abc" } })).toEqual([expect.stringMatching(/^\/to\/number /)]);
  });

  test("never repeats a number in a problem", () => {
    expect(problemsOf({ to: ["+1202555012x"] }).join()).not.toContain("202555");
  });

  test("reads numbers without + in the default country", () => {
    const form = readSendRequest(
      { to: "0151 12345678", message: "x" },
      { found: [], settings: { ...FORM_SETTINGS, defaultCountry: "DE" } },
    );
    expect(form.recipients[0]?.number).toBe("+4915112345678");
  });

  test("is bounded", () => {
    expect(problemsOf({ to: ["+12025550123", "+12025550124"] }, { maxRecipients: 1 })).toEqual([
      "/to must name at most 1 recipients, but names 2",
    ]);
  });
});

describe("the content", () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ["is required", { message: null }, ["/message is required and must not be empty (or give template_id)"]],
    [
      "must not be empty",
      { message: "", text: "" },
      ["/message is required and must not be empty (or give template_id)"],
    ],
    ["may come as text", { message: null, text: "Hello" }, []],
    ["may come as text beside an empty message", { message: "", text: "Hello" }, []],
    ["may have 1600 characters", { message: "x".repeat(1600) }, []],
    ["counts an emoji as one character", { message: "👍".repeat(1600) }, []],
    ["may not have more", { message: "x".repeat(1601) }, ["/message must be at most 1600 characters, but has 1601"]],
    ["may be left to a template", { message: null, template_id: "promo_template" }, []],
    ["may be binary", { message_type: "binary", message: "00FFab" }, []],
    [
      "must then be hex",
      { message_type: "binary", message: "0x1" },
      ["/message must be hex, two digits an octet, for message_type binary"],
    ],
    [
      "must then have whole octets",
      { message_type: "binary", message: "abc" },
      ["/message must be hex, two digits an octet, for message_type binary"],
    ],
    [
      "must then have at most 1400",
      { message_type: "binary", message: "ab".repeat(1401) },
      ["/message must be at most 1400 octets"],
    ],
    ["may have a header", { message_type: "binary", message: "00", udh: "0605040b8423f0" }, []],
    ["may have one when it is binary", { udh: "0605040b8423f0" }, ["/udh goes with message_type binary only"]],
    [
      "may have one that tells its length",
      { message_type: "binary", message: "00", udh: "0705040b8423f0" },
      ["/udh must begin with its own length"],
    ],
  ])("%s", (_fact, body, problems) => {
    expect(problemsOf(body)).toEqual(problems);
  });

  test("is bounded by its segments where the setting allows very long texts", () => {
    const problems = problemsOf({ message: "👍".repeat(9_000) }, { maxMessageLength: 10_000 });
    expect(problems).toEqual([expect.stringMatching(/^\/message must go into 255 segments, but takes \d+$/)]);
  });

  test.each<[string, Record<string, unknown>, string, number]>([
    ["plain", { message: "x".repeat(161) }, "gsm7", 2],
    ["with a character outside GSM-7", { message: `ё${"x".repeat(70)}` }, "ucs2", 2],
    ["of type unicode", { message_type: "unicode", message: "x" }, "ucs2", 1],
    ["of type flash", { message_type: "flash", message: "x" }, "gsm7", 1],
    ["of type binary", { message_type: "binary", message: "00".repeat(141) }, "binary", 2],
  ])("%s is encoded and counted", (_what, body, encoding, segments) => {
    expect(readForm(body)).toMatchObject({ encoding, segments });
  });

  test("given twice is taken once, and the answer says so", () => {
    expect(readForm({ message: "a", text: "b" })).toMatchObject({
      text: "a",
      warnings: [expect.stringContaining('"message" is used')],
    });
    expect(readForm({ message: "a", text: "a" }).warnings).toEqual([]);
    expect(readForm({ template_id: "promo", message: "a" }).warnings).toEqual([
      expect.stringContaining("the template is used"),
    ]);
  });
});

describe("the other fields", () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["from_number as a number", { from_number: "+0987654321" }, { sender: "+0987654321" }],
    ["from_number as a name", { from_number: " ACME 24 " }, { sender: "ACME 24" }],
    ["sms_type with its priority", { sms_type: "otp" }, { smsType: "otp", priority: 1 }],
    ["priority before the type's own", { sms_type: "marketing", priority: 2 }, { priority: 2 }],
    ["provider in any spelling", { provider: "AWS-SNS" }, { providers: ["aws_sns"] }],
    [
      "providers in order, aliases once",
      { providers: ["Vonage", "twilio", "nexmo"] },
      { providers: ["nexmo", "twilio"] },
    ],
    ["no providers at all", { providers: [] }, { providers: [] }],
    [
      "schedule_at with an offset",
      { schedule_at: "2026-01-31T10:00:00+01:00" },
      { scheduleAtMs: Date.UTC(2026, 0, 31, 9) },
    ],
    [
      "schedule_at in other words",
      { schedule_at: "2026-01-31 10:00:00.123456+0100" },
      { scheduleAtMs: Date.UTC(2026, 0, 31, 9, 0, 0, 123) },
    ],
    [
      "schedule_at in small letters, without seconds",
      { schedule_at: "2026-01-31t10:00z" },
      { scheduleAtMs: Date.UTC(2026, 0, 31, 10) },
    ],
    ["ttl_seconds", { ttl_seconds: 10 }, { ttlSeconds: 10 }],
    ["callback_url", { callback_url: "https://yourapp.com/x" }, { callbackUrl: "https://yourapp.com/x" }],
    ["custom_id", { custom_id: "msg_12345" }, { customId: "msg_12345" }],
    [
      "metadata of any shape",
      { metadata: { a: [1, { b: null }], constructor: "x" } },
      { metadata: { a: [1, { b: null }], constructor: "x" } },
    ],
    ["empty metadata as none", { metadata: {} }, { metadata: null }],
    ["metadata of 4096 bytes", { metadata: { a: "x".repeat(4088) } }, {}],
    ["dry_run: false", { dry_run: false }, {}],
  ])("are read: %s", (_what, body, form) => {
    expect(readForm(body)).toMatchObject(form);
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    ["a sender that is neither number nor name", { from_number: "ACME!" }, ["/from_number "]],
    ["a sender that is too long", { from_number: "TwelveLetter" }, ["/from_number "]],
    [
      "a time without zone",
      { schedule_at: "2026-01-31T10:00:00" },
      ["/schedule_at must be an ISO 8601 time with its zone"],
    ],
    ["a date alone", { expire_at: "2026-01-31" }, ["/expire_at must be an ISO 8601 time"]],
    ["a day that does not exist", { schedule_at: "2026-02-30T10:00:00Z" }, ["/schedule_at must be an ISO 8601 time"]],
    ["an hour that does not exist", { schedule_at: "2026-02-28T25:00:00Z" }, ["/schedule_at must be an ISO 8601 time"]],
    [
      "an end before the beginning",
      { schedule_at: "2026-01-31T10:00:00Z", expire_at: "2026-01-31T10:00:00Z" },
      ["/expire_at must be after schedule_at"],
    ],
    ["two ends", { expire_at: "2026-01-31T10:00:00Z", ttl_seconds: 60 }, ["/ttl_seconds give either"]],
    ["a provider beside providers", { provider: "twilio", providers: ["plivo"] }, ["/provider give either"]],
    ["a callback to a private place", { callback_url: "http://localhost/x" }, ["/callback_url must"]],
    ["metadata of 4097 bytes", { metadata: { a: "ü".repeat(2044), b: 1 } }, ["/metadata must be at most 4096 bytes"]],
    ["dry_run", { dry_run: true }, ["/dry_run is not supported yet"]],
  ])("are refused: %s", (_what, body, problems) => {
    const found = problemsOf(body);
    expect(found).toHaveLength(problems.length);
    for (const [index, problem] of problems.entries()) expect(found[index]).toContain(problem);
  });

  test("that nobody knows are ignored, and the answer says so", () => {
    expect(readForm({ urgent: true, __v: 1 }).warnings).toEqual([
      'The field "urgent" is not known and was ignored.',
      'The field "__v" is not known and was ignored.',
    ]);
  });
});

describe("problems", () => {
  test("of all fields are told together, those of the schema first", () => {
    const error = refusalOf(() =>
      readSendRequest(
        { to: "abc", message: 5, from_number: "ACME!", provider: "acme" },
        { found: [{ path: "/message", message: "must be string" }], settings: FORM_SETTINGS },
      ),
    );
    expect(error).toMatchObject({ code: "INVALID_PAYLOAD", status: 422 });
    expect(error?.message).toBe("/message must be string (and 3 more; see details.errors)");
    expect(error && listErrors(error).map((problem) => problem.split(" ")[0])).toEqual([
      "/message",
      "/to",
      "/from_number",
      "/provider",
    ]);
  });

  test("with providers alone are UNKNOWN_PROVIDER, with those that exist", () => {
    expect(refusalOf(() => readForm({ providers: ["twilio", "acme", "__proto__"] }))).toMatchObject({
      code: "UNKNOWN_PROVIDER",
      status: 422,
      details: {
        errors: [
          { path: "/providers/1", message: 'there is no provider called "acme"' },
          { path: "/providers/2", message: 'there is no provider called "__proto__"' },
        ],
        allowed: ["twilio", "aws_sns", "plivo", "nexmo", "clickatell"],
      },
    });
  });

  test("are told in the caller's own words where its fields have other names", () => {
    const read = () =>
      readSendRequest(
        { to: "abc", message: "x", from_number: "!" },
        { found: [], settings: FORM_SETTINGS, fieldNames: { to: "receiverPhone", from_number: "senderPhone" } },
      );
    const error = refusalOf(read);
    expect(error && listErrors(error).map((problem) => problem.split(" ")[0])).toEqual([
      "/receiverPhone",
      "/senderPhone",
    ]);
  });

  test.each([[null], ["text"], [[]], [5], [undefined]])("a body that is %j is no object", (value) => {
    const error = refusalOf(() => readSendRequest(value, { found: [], settings: FORM_SETTINGS }));
    expect(error).toMatchObject({
      code: "INVALID_PAYLOAD",
      details: { errors: [{ path: "/", message: "must be object" }] },
    });
  });
});
