import {
  invalidFrom,
  invalidMessagingService,
  invalidStatusCallback,
  invalidTo,
  TWILIO_ERRORS,
  type TwilioError,
} from "./twilio-error.ts";

/** A form that Twilio would take. */
export interface SendForm {
  to: string;
  /** Null when a Messaging Service sends; it picks the number. */
  from: string | null;
  messagingServiceSid: string | null;
  body: string;
  statusCallback: StatusCallback | null;
}

export interface StatusCallback {
  /** As given: this is what is signed. */
  given: string;
  /** What is called; a fragment (Twilio's connection overrides) never leaves. */
  url: URL;
  /** `m` of its query, the sender's own id of the message. */
  messageKey: string | null;
}

export type SendFormResult = { ok: true; form: SendForm } | { ok: false; error: TwilioError };

const BODY_CHARACTERS_MAX = 1600;
const STATUS_CALLBACK_CHARACTERS_MAX = 4000;
const VALIDITY_PERIOD_SECONDS = { min: 1, max: 36_000 };
const E164 = /^\+[1-9]\d{6,14}$/;
/** Long numbers and short codes. Real accounts may send only from what they own; the lab owns every number. */
const NUMERIC_SENDER = /^\+?\d{3,15}$/;
const ALPHANUMERIC_SENDER = /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/;
const MESSAGING_SERVICE_SID = /^MG[0-9a-fA-F]{32}$/;

/** Checks the fields one after another and answers with the first problem, as Twilio does. Unknown fields are ignored. */
export function parseSendForm(fields: unknown): SendFormResult {
  const read = createFieldReader(fields);
  const [to, from, body, service] = [read("To"), read("From"), read("Body"), read("MessagingServiceSid")];
  if (to === null) return refuse(TWILIO_ERRORS.toRequired);
  if (!E164.test(to)) return refuse(invalidTo(to));
  if (from === null && service === null) return refuse(TWILIO_ERRORS.fromRequired);
  if (from !== null && !isSender(from)) return refuse(invalidFrom(from));
  if (service !== null && !MESSAGING_SERVICE_SID.test(service)) return refuse(invalidMessagingService(service));
  if (body === null) return refuse(TWILIO_ERRORS.bodyRequired);
  if (isTooLong(body)) return refuse(TWILIO_ERRORS.bodyTooLong);
  if (!isValidityPeriod(read("ValidityPeriod"))) return refuse(TWILIO_ERRORS.validityPeriodInvalid);

  const given = read("StatusCallback");
  const statusCallback = given === null ? null : parseStatusCallback(given);
  if (given !== null && statusCallback === null) return refuse(invalidStatusCallback(given));
  return { ok: true, form: { to, from, messagingServiceSid: service, body, statusCallback } };
}

/** Reads a field of a decoded form: the first of a repeated one; an empty one counts as missing. */
export function createFieldReader(fields: unknown): (name: string) => string | null {
  const decoded = new Map<string, unknown>(typeof fields === "object" && fields !== null ? Object.entries(fields) : []);
  return (name) => {
    const value = decoded.get(name);
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === "string" && first !== "" ? first : null;
  };
}

function refuse(error: TwilioError): SendFormResult {
  return { ok: false, error };
}

function isSender(from: string): boolean {
  return NUMERIC_SENDER.test(from) || ALPHANUMERIC_SENDER.test(from);
}

/** In characters, not UTF-16 units: an emoji counts once. */
function isTooLong(body: string): boolean {
  return body.length > BODY_CHARACTERS_MAX && [...body].length > BODY_CHARACTERS_MAX;
}

function isValidityPeriod(period: string | null): boolean {
  if (period === null) return true;
  const seconds = Number(period);
  return Number.isInteger(seconds) && seconds >= VALIDITY_PERIOD_SECONDS.min && seconds <= VALIDITY_PERIOD_SECONDS.max;
}

/** Null for what Twilio would not call: not http(s), or a host name with an underscore. */
function parseStatusCallback(given: string): StatusCallback | null {
  if (given.length > STATUS_CALLBACK_CHARACTERS_MAX || !URL.canParse(given)) return null;
  const url = new URL(given);
  if (!/^https?:$/.test(url.protocol) || url.hostname.includes("_")) return null;
  return { given: given.replace(/#.*$/s, ""), url, messageKey: url.searchParams.get("m") };
}
