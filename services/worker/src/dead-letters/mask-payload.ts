import {
  ACCEPTED_GROUP_TYPE,
  AcceptedEnvelope,
  ENCODINGS,
  EnvelopeRecipient,
  MESSAGE_TYPES,
  PROVIDER_NAMES,
  REPORT_GROUP_TYPE,
  REPORT_TYPE,
  ReportEnvelope,
  RequestMetadata,
  SMS_TYPES,
} from "@sms-gateway/contracts";

/*
 * What of a dead letter may be shown. It could not be read, so nothing in it can be trusted to be where it belongs: what
 * is shown is what a place allows and looks like it, and everything else only says what kind of thing it is.
 */

/** Most characters of a masked payload. */
const PAYLOAD_MAX = 2_000;
/** Characters of what is no JSON: enough to see what it is. */
const TEXT_MAX = 400;
const ITEMS_MAX = 3;
const DEPTH_MAX = 5;
/** A larger number may be part of somebody's, or a code. */
const NUMBER_MAX = 99;

/** The fields that we write ourselves. Any other name may be data of somebody. */
const OUR_NAMES: ReadonlySet<string> = new Set([
  ...[AcceptedEnvelope, EnvelopeRecipient, RequestMetadata, ReportEnvelope].flatMap(({ properties }) =>
    Object.keys(properties),
  ),
  "envelopes",
  "reports",
]);
/** What clients have named themselves: not even the names are shown. */
const CLIENTS_OWN: ReadonlySet<string> = new Set(["metadata", "headers"]);

/** The words that a field may hold; a secret looks like a word as well, so no others are shown. */
const WORDS: ReadonlyMap<string, ReadonlySet<string>> = new Map<string, ReadonlySet<string>>([
  ["type", new Set([AcceptedEnvelope.properties.type.const, ACCEPTED_GROUP_TYPE, REPORT_GROUP_TYPE, REPORT_TYPE])],
  ["message_type", new Set(MESSAGE_TYPES)],
  ["sms_type", new Set(SMS_TYPES)],
  ["encoding", new Set(ENCODINGS)],
  ["provider", new Set(PROVIDER_NAMES)],
  ["providers", new Set(PROVIDER_NAMES)],
  ["account", new Set(["live", "lab"])],
]);
const ID_NAMES: ReadonlySet<string> = new Set(["id", "client_id", "key_id", "batch_id", "message_id"]);
/** UUIDv7, as all our ids are. */
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const TIME_NAMES: ReadonlySet<string> = new Set([...OUR_NAMES].filter((name) => name.endsWith("_at")));
const TIME = /^20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d{3})?Z$/;
const NUMBER_NAMES: ReadonlySet<string> = new Set(["version", "priority", "segments", "attempt_number"]);

/**
 * The beginning of a dead letter's body, to recognise it by: JSON with its names and what cannot be a person's, anything
 * else as the shape of its characters.
 *
 * @param isWhole whether `body` is all of it; what was cut is no JSON any more.
 */
export function maskPayload(body: Buffer, isWhole: boolean): string {
  const parsed = isWhole ? parseLeniently(body.toString()) : undefined;
  if (parsed === undefined) return maskText(body.subarray(0, 4 * TEXT_MAX).toString());
  const shown = JSON.stringify(maskValue("", parsed.value, 0));
  return shown.length > PAYLOAD_MAX ? `${shown.slice(0, PAYLOAD_MAX)}…` : shown;
}

function parseLeniently(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    // No JSON: the usual reason for being a dead letter.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function maskValue(name: string, value: unknown, depth: number): unknown {
  if (typeof value === "string") return isHarmless(name, value) ? value : `(${value.length} characters)`;
  if (typeof value === "number") return isSmall(name, value) ? value : "(number)";
  if (typeof value !== "object" || value === null) return value;
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  if (depth >= DEPTH_MAX || CLIENTS_OWN.has(name)) return `(${size} entries)`;
  return Array.isArray(value) ? maskItems(name, value, depth) : maskFields(value, depth);
}

function maskItems(name: string, items: readonly unknown[], depth: number): unknown[] {
  const shown = items.slice(0, ITEMS_MAX).map((item) => maskValue(name, item, depth + 1));
  return items.length > ITEMS_MAX ? [...shown, `(${items.length - ITEMS_MAX} more)`] : shown;
}

function maskFields(fields: object, depth: number): Record<string, unknown> {
  const masked = Object.entries(fields).map(([name, value], index): [string, unknown] => {
    if (OUR_NAMES.has(name)) return [name, maskValue(name, value, depth + 1)];
    return [`(name ${index + 1}, ${name.length} characters)`, maskValue("", value, depth + 1)];
  });
  return Object.fromEntries(masked);
}

function isHarmless(name: string, text: string): boolean {
  if (ID_NAMES.has(name)) return ID.test(text);
  if (TIME_NAMES.has(name)) return TIME.test(text);
  return WORDS.get(name)?.has(text) === true;
}

function isSmall(name: string, value: number): boolean {
  return NUMBER_NAMES.has(name) && Number.isInteger(value) && value >= 0 && value <= NUMBER_MAX;
}

/** Letters as x, digits as 9; our own names stay where they stand as names. */
function maskText(text: string): string {
  const masked = text
    .slice(0, TEXT_MAX)
    .replace(/"([a-z_]{1,40})"(\s*:)|[^\x20-\x7e]|[A-Za-z]|\d/g, (found, name?: string, colon?: string) => {
      if (name !== undefined) return OUR_NAMES.has(name) ? found : `"${"x".repeat(name.length)}"${colon}`;
      if (/\d/.test(found)) return "9";
      return /[A-Za-z]/.test(found) ? "x" : ".";
    });
  return text.length > TEXT_MAX ? `${masked}…` : masked;
}
