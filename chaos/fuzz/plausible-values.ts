import type { Random } from "../random.ts";
import type { JsonObject, Schemas } from "./json-schema.ts";
import { fits } from "./match-schema.ts";

/** What values are made from. */
export interface Source {
  readonly schemas: Schemas;
  readonly random: Random;
  /** The time of the run, in ms since 1970. */
  readonly nowMs: number;
}

const HOUR_MS = 3_600_000;
const PROVIDERS = ["twilio", "aws_sns", "plivo", "nexmo", "clickatell", "Vonage", "sns", "AWS-SNS"];

type Draw = (random: Random, nowMs: number) => unknown;

const time: Draw = (random, nowMs) => new Date(nowMs + random.int(1, 48) * HOUR_MS).toISOString();
const pastTime: Draw = (random, nowMs) => new Date(nowMs - random.int(1, 48) * HOUR_MS).toISOString();
/** German mobile numbers that nobody has, as those of the load. */
const phone: Draw = (random) => `+4915${String(random.int(0, 999_999_999)).padStart(9, "0")}`;

/**
 * What a caller would write into a field of this name. JSON Schemas say that a phone number is text; only what passes
 * them and means something reaches the code behind. Whatever is not here is made by its schema.
 */
const PLAUSIBLE: readonly { readonly names: RegExp; readonly draw: Draw }[] = [
  { names: /^(to|number|phone|phone_number|recipient_number|receiverPhone)$/, draw: phone },
  { names: /^(from_number|senderPhone)$/, draw: (random) => random.pick(["+12025550100", "ACME", "12345"]) },
  { names: /^country_code$/, draw: (random) => random.pick(["DE", "49", "us"]) },
  { names: /^providers?$/, draw: (random) => random.pick(PROVIDERS) },
  { names: /^name$/, draw: (random) => random.pick(["twilio", "plivo", "nexmo"]) },
  // Nobody answers there.
  { names: /^callback_url$/, draw: (random) => `https://callback.invalid/${random.int(0, 9)}` },
  { names: /^(schedule_at|date_from)$/, draw: pastTime },
  { names: /^(expire_at|date_to)$/, draw: time },
  { names: /^timestamp$/, draw: (_random, nowMs) => Math.floor(nowMs / 1000) },
  { names: /^date$/, draw: (random, nowMs) => String(pastTime(random, nowMs)).slice(0, 10) },
  { names: /^limit$/, draw: (random) => `${random.int(1, 100)}` },
  { names: /^offset$/, draw: (random) => `${random.int(0, 500)}` },
  { names: /^status$/, draw: (random) => random.pick(["delivered", "queued", "failed", "sent"]) },
  { names: /^sms_type$/, draw: (random) => random.pick(["otp", "alert", "transactional"]) },
  { names: /(^|_)id$|^uuid$|^idempotency-key$/, draw: makeUuid },
  { names: /^message_?(text|content)?$|^text$/, draw: (random) => `Fuzzed text ${random.int(0, 1_000_000)}` },
];

/** Undefined where nothing is known, or where it would not fit. */
export function plausibleValue({ schemas, random, nowMs }: Source, schema: JsonObject, name: string): unknown {
  const known = PLAUSIBLE.find(({ names }) => names.test(name));
  const value = known?.draw(random, nowMs);
  return value !== undefined && fits(schemas, schema, value) ? value : undefined;
}

/** A UUID that nobody was given. */
export function makeUuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.int(0, 15).toString(16)).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
