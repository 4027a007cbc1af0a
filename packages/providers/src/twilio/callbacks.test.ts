import { createHash } from "node:crypto";
import { parse, stringify } from "node:querystring";
import fc from "fast-check";
import twilio from "twilio";
import { describe, expect, it } from "vitest";
import type { CallbackRequest } from "../provider.ts";
import { parseTwilioCallback, verifyTwilioSignature } from "./callbacks.ts";

const TOKEN = "token-of-this-test";
const FORM = "application/x-www-form-urlencoded; charset=UTF-8";

function callback(url: string, body: string, signature?: string, contentType = FORM): CallbackRequest {
  const headers = { "x-twilio-signature": signature };
  return { url, method: "POST", headers, query: "", contentType, body: Buffer.from(body) };
}

/** A form as a body parser hands it to the SDK. */
function decode(body: string): Record<string, string | string[]> {
  const form = new URLSearchParams(body);
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const [first = "", ...others] = form.getAll(name);
      return [name, others.length === 0 ? first : [first, ...others]];
    }),
  );
}

function sign(url: string, body = ""): string {
  return twilio.getExpectedTwilioSignature(TOKEN, url, decode(body));
}

describe("verifyTwilioSignature", () => {
  it("accepts the example of Twilio's documentation", () => {
    const url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    const fields = {
      CallSid: "CA1234567890ABCDE",
      Caller: "+14158675309",
      Digits: "1234",
      From: "+14158675309",
      To: "+18005551212",
    };
    const body = new URLSearchParams(fields).toString();
    expect(verifyTwilioSignature("12345", callback(url, body, "RSOYDt4T1cUTdK1PDd93/VVr8B8="))).toBe(true);
    expect(verifyTwilioSignature("12346", callback(url, body, "RSOYDt4T1cUTdK1PDd93/VVr8B8="))).toBe(false);
  });

  const host = fc.constantFrom(
    "sms.example.com",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "user:pw@host.example",
    "EXAMPLE.com",
  );
  const port = fc.constantFrom("", ":443", ":80", ":9000");
  const path = fc.constantFrom("", "/", "/webhooks/twilio/status", "/a b/ü", "/%7e/'", "/a:b@c");
  const query = fc.oneof(
    fc.constantFrom("", "?", "?a=live&m=1&n=2&h=0a1b", "?x='&y=(~)*!", "?x=%27%7e", "?q=%20+%27&q=2", "?ü=ö", "?a=b#f"),
    fc.string({ maxLength: 12 }).map((text) => `?${text}`),
  );
  const url = fc
    .tuple(fc.constantFrom("http://", "https://", "HTTPS://"), host, port, path, query)
    .map((parts) => parts.join(""))
    .filter((candidate) => URL.canParse(candidate) && !candidate.includes("bodySHA256"));
  const body = fc
    .array(fc.tuple(fc.constantFrom("MessageSid", "To", "a", "B", "Ä", "_"), fc.string({ maxLength: 4 })), {
      maxLength: 6,
    })
    .map((fields) => new URLSearchParams(fields).toString());

  it("agrees with the official SDK, whichever form of the address was signed", () => {
    const changed = fc.constantFrom<(signedUrl: string) => string>(
      (same) => same,
      (same) => new URL(same).toString(),
      (same) => same.replace(/:\d+(?=[/?]|$)/, ""),
      (same) => same.replace(/^(https:\/\/[^/?#:@]+)(?=[/?#]|$)/, "$1:443"),
      (same) => same.replace(/'/g, "%27"),
      (same) => same.replace(/\?(.+)/, (_query, pairs) => `?${stringify(parse(pairs))}`),
      (same) => `${same}x`,
    );
    fc.assert(
      fc.property(url, body, changed, (address, text, change) => {
        const signature = sign(change(address), text);
        const expected = twilio.validateRequest(TOKEN, signature, address, decode(text));
        expect(verifyTwilioSignature(TOKEN, callback(address, text, signature))).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses a callback of which anything was changed", () => {
    const address = "https://sms.example.com/webhooks/twilio/status?a=live&m=1&n=2&h=0a1b";
    const text = "MessageSid=SM1&MessageStatus=sent&To=%2B15005550006";
    const signature = sign(address, text);
    expect(verifyTwilioSignature(TOKEN, callback(address, text, signature))).toBe(true);
    expect(verifyTwilioSignature(TOKEN, callback(address, `${text}&ErrorCode=1`, signature))).toBe(false);
    expect(verifyTwilioSignature(TOKEN, callback(address, text.replace("sent", "read"), signature))).toBe(false);
    expect(verifyTwilioSignature(TOKEN, callback(address.replace("n=2", "n=3"), text, signature))).toBe(false);
    expect(verifyTwilioSignature("another token", callback(address, text, signature))).toBe(false);
    expect(verifyTwilioSignature(TOKEN, callback(address, text))).toBe(false);
    expect(verifyTwilioSignature(TOKEN, callback(address, text, ""))).toBe(false);
    expect(verifyTwilioSignature(TOKEN, callback("no address", text, signature))).toBe(false);
  });

  it("takes a body without a form only with its hash in the signed address", () => {
    const text = '{"a":1}';
    const hash = createHash("sha256").update(text).digest("hex");
    const address = `https://sms.example.com/x?bodySHA256=${hash}`;
    const json = (url: string, content: string) => callback(url, content, sign(url), "application/json");
    expect(verifyTwilioSignature(TOKEN, json(address, text))).toBe(true);
    expect(verifyTwilioSignature(TOKEN, json(address, '{"a":2}'))).toBe(false);
    expect(verifyTwilioSignature(TOKEN, json("https://sms.example.com/x", text))).toBe(false);
    expect(verifyTwilioSignature(TOKEN, json("https://sms.example.com/x", ""))).toBe(true);
  });
});

describe("parseTwilioCallback", () => {
  const parse = (fields: Record<string, string>) =>
    parseTwilioCallback({ contentType: FORM, body: Buffer.from(new URLSearchParams(fields).toString()) });

  it.each([
    ["accepted", "accepted"],
    ["scheduled", "scheduled"],
    ["queued", "queued"],
    ["sending", "sending"],
    ["sent", "sent"],
    ["delivered", "delivered"],
    ["read", "delivered"],
    ["partially_delivered", "delivered"],
    ["undelivered", "undelivered"],
    ["failed", "failed"],
    ["canceled", "canceled"],
    ["a-new-word", undefined],
    ["constructor", undefined],
  ])("reads %j as %s and keeps the word", (word, status) => {
    const expected = { providerMessageId: "SM1", status, providerStatus: word, error: null };
    expect(parse({ MessageSid: "SM1", MessageStatus: word })).toEqual([expected]);
  });

  it("tells why a message failed", () => {
    expect(parse({ MessageSid: "SM1", MessageStatus: "undelivered", ErrorCode: "30005" })).toMatchObject([
      { status: "undelivered", error: { code: "30005", reason: "Unknown destination handset" } },
    ]);
    expect(parse({ MessageSid: "SM1", MessageStatus: "failed", ErrorCode: "39999" })).toMatchObject([
      { status: "failed", error: { code: "39999", reason: "Twilio error 39999" } },
    ]);
  });

  it("tells expiry and an unknown end from other failures by their codes", () => {
    expect(parse({ MessageSid: "SM1", MessageStatus: "undelivered", ErrorCode: "30036" })).toMatchObject([
      { status: "expired" },
    ]);
    expect(parse({ MessageSid: "SM1", MessageStatus: "failed", ErrorCode: "30410" })).toMatchObject([
      { status: "unknown" },
    ]);
    expect(parse({ MessageSid: "SM1", MessageStatus: "delivered", ErrorCode: "30036" })).toMatchObject([
      { status: "delivered" },
    ]);
  });

  it.each(["", "0", "abc", "-1"])("takes %j as no error code", (code) => {
    expect(parse({ MessageSid: "SM1", MessageStatus: "sent", ErrorCode: code })).toMatchObject([{ error: null }]);
  });

  it("reads the old names of the fields", () => {
    expect(parse({ SmsSid: "SM1", SmsStatus: "sent" })).toMatchObject([{ providerMessageId: "SM1", status: "sent" }]);
  });

  it("finds no report in an inbound text", () => {
    expect(parse({ MessageSid: "SM1", SmsStatus: "received", Body: "Hi" })).toEqual([]);
    expect(parse({})).toEqual([]);
  });

  it("refuses what it cannot read", () => {
    expect(() => parse({ MessageStatus: "sent" })).toThrow(TypeError);
    expect(() => parseTwilioCallback({ contentType: "application/json", body: Buffer.from("{}") })).toThrow(TypeError);
  });
});
