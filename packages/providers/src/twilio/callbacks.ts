import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { parse, stringify } from "node:querystring";
import type { CallbackRequest, DeliveryReport } from "../provider.ts";
import { describeTwilioError } from "./errors.ts";
import { readStatus } from "./statuses.ts";

/** Of texts that handsets sent to us; those are no reports. */
const INBOUND: ReadonlySet<string> = new Set(["receiving", "received"]);

const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i;

/**
 * Whether `X-Twilio-Signature` is Base64(HMAC-SHA1(auth token, address + form fields)), as the SDK's `validateRequest`
 * and `validateRequestWithBody` decide; the SDK is not asked because it loads asynchronously. Stricter in one point: a
 * body that the signature does not cover (no form, and no `bodySHA256` in the address) is refused.
 * Source: https://www.twilio.com/docs/usage/security#validating-requests
 */
export function verifyTwilioSignature(authToken: string, request: CallbackRequest): boolean {
  const given = request.headers["x-twilio-signature"];
  if (given === undefined || !URL.canParse(request.url)) return false;
  const fields = listSignedFields(request);
  if (fields === undefined) return false;
  // Almost always signed as given: the other forms are made only when it was not.
  for (const url of listSignedUrls(request.url)) {
    const expected = createHmac("sha1", authToken)
      .update(url + fields, "utf8")
      .digest("base64");
    if (isSame(given, expected)) return true;
  }
  return false;
}

/** Reads one status callback. @throws TypeError when it is not a form, or reports on no message. */
export function parseTwilioCallback(request: Pick<CallbackRequest, "contentType" | "body">): readonly DeliveryReport[] {
  if (!FORM.test(request.contentType)) throw new TypeError("a Twilio callback must be a form");
  const form = new URLSearchParams(request.body.toString("utf8"));
  const word = form.get("MessageStatus") ?? form.get("SmsStatus");
  if (word === null || INBOUND.has(word)) return [];
  const providerMessageId = form.get("MessageSid") || form.get("SmsSid");
  if (!providerMessageId) throw new TypeError("a Twilio callback must have a MessageSid");
  const code = readErrorCode(form.get("ErrorCode"));
  return [
    {
      providerMessageId,
      status: readStatus(word, code),
      providerStatus: word,
      error: code === undefined ? null : describeTwilioError(code),
    },
  ];
}

/** 0 and the empty field mean "no error". */
function readErrorCode(field: string | null): number | undefined {
  return field !== null && /^[1-9]\d{0,9}$/.test(field) ? Number(field) : undefined;
}

/** What is signed after the address, or undefined when the signature does not cover the body. */
function listSignedFields(request: CallbackRequest): string | undefined {
  if (request.url.includes("bodySHA256")) {
    const given = new URL(request.url).searchParams.get("bodySHA256") ?? "";
    return isSame(given, createHash("sha256").update(request.body).digest("hex")) ? "" : undefined;
  }
  if (request.body.length === 0) return "";
  if (!FORM.test(request.contentType)) return undefined;
  const form = new URLSearchParams(request.body.toString("utf8"));
  // Sorted by UTF-16 code units, repeated values once each: as the SDK does it.
  return [...new Set(form.keys())]
    .sort()
    .flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => name + value))
    .join("");
}

/**
 * The forms of an address under which Twilio may have signed it: without and with its port, as given and as `new URL`
 * writes it, and with the query as old back ends escaped it (`%27` for `'`).
 */
function* listSignedUrls(url: string): Generator<string> {
  yield url;
  const normal = new URL(url).toString();
  const [bare, full] = [setPort(normal, false), setPort(normal, true)];
  const others = new Set([setPort(url, false), setPort(url, true), bare, full, escapeQuery(bare), escapeQuery(full)]);
  others.delete(url);
  yield* others;
}

/** Drops the port, or adds the standard one where there is none; touches no other character, as `new URL` would. */
function setPort(url: string, wanted: boolean): string {
  const parts = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*@)?(\[[^\]]*\]|[^:/?#]*)(:[^/?#]*)?(.*)$/is.exec(url);
  if (parts === null) return url;
  const [, scheme = "", user = "", host = "", port = "", rest = ""] = parts;
  const standard = scheme.toLowerCase() === "https://" ? ":443" : ":80";
  return scheme + user + host + (wanted ? port || standard : "") + rest;
}

function escapeQuery(url: string): string {
  const start = url.indexOf("?") + 1;
  return start === 0 || start === url.length ? url : url.slice(0, start) + stringify(parse(url.slice(start)));
}

/** In constant time; the length is fixed by the algorithm and no secret. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
