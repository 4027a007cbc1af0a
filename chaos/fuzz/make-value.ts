import type { Random } from "../random.ts";
import { isObject, type JsonObject, listAlternatives, listOf } from "./json-schema.ts";
import { plausibleValue, type Source } from "./plausible-values.ts";

/** Share of optional fields that are there: with more of them hardly any body would be accepted. */
const OPTIONAL_SHARE = 0.12;
/** Optional for the schema, and asked for behind it: without them nothing is ever sent. */
const USUAL_FIELDS = new Set(["to", "message"]);
const USUAL_SHARE = 0.9;
const PLAUSIBLE_SHARE = 0.9;
const ITEMS_MAX = 4;
const NUMBER_MAX = 1_000;
/** What a value may be where a schema says nothing. */
const ANYTHING = [null, true, 0, 1.5, "text", [], {}, { a: [1] }] as const;
/** Tried one after the other where a schema has a pattern; none of our patterns needs more. */
const PATTERN_SAMPLES = ["0a1b", "12345", "a", "twilio", "sms.accepted.dead", "2026-01-31"];
const TEXTS = [
  "Hello",
  "Grüße aus Köln, 100 €",
  "你好",
  "👩‍👩‍👧‍👦 family",
  "a".repeat(161),
  "[ ] { } ^ ~ \\ |",
  "line\nline\r\n\ttab",
  'O\'Brien; -- "quoted"',
];

/** A value that fits its schema. `name` is that of the field or parameter, which often tells what is meant. */
export function makeValue(source: Source, schema: unknown, name = ""): unknown {
  const { random, schemas } = source;
  const alternatives = listAlternatives(schemas, schema);
  // Nothing is what a field may be left out for.
  const telling = alternatives.filter(({ type }) => type !== "null");
  const chosen = telling.length === 0 || random.chance(0.03) ? random.pick(alternatives) : random.pick(telling);
  if (chosen.anyOf !== undefined || chosen.oneOf !== undefined) return makeValue(source, chosen, name);
  if ("const" in chosen) return chosen.const;
  if (Array.isArray(chosen.enum)) return random.pick(listOf(chosen.enum));
  if (random.chance(PLAUSIBLE_SHARE)) {
    const plausible = plausibleValue(source, chosen, name);
    if (plausible !== undefined) return plausible;
  }
  return makeOfType(source, chosen, name);
}

function makeOfType(source: Source, schema: JsonObject, name: string): unknown {
  const { random } = source;
  switch ([schema.type].flat()[0]) {
    case "object":
      return makeObject(source, schema);
    case "array": {
      const length = random.int(boundOf(schema.minItems, 0), Math.min(boundOf(schema.maxItems, ITEMS_MAX), ITEMS_MAX));
      return Array.from({ length }, () => makeValue(source, schema.items, name));
    }
    case "string":
      return makeText(random, schema);
    case "integer":
      return random.int(boundOf(schema.minimum, 0), boundOf(schema.maximum, NUMBER_MAX));
    case "number":
      return random.next() * NUMBER_MAX;
    case "boolean":
      return random.chance(0.5);
    case "null":
      return null;
    default:
      return random.pick(ANYTHING);
  }
}

function makeObject(source: Source, schema: JsonObject): JsonObject {
  const { random } = source;
  const required = listOf(schema.required);
  const made: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
    const share = USUAL_FIELDS.has(name) ? USUAL_SHARE : OPTIONAL_SHARE;
    if (required.includes(name) || random.chance(share)) made[name] = makeValue(source, property, name);
  }
  if (isObject(schema.additionalProperties)) {
    for (let index = random.int(0, ITEMS_MAX); index > 0; index -= 1)
      made[`key_${index}`] = makeValue(source, schema.additionalProperties);
  }
  return made;
}

function makeText(random: Random, schema: JsonObject): string {
  if (typeof schema.pattern === "string") {
    const pattern = new RegExp(schema.pattern, "u");
    return PATTERN_SAMPLES.find((sample) => pattern.test(sample)) ?? "";
  }
  if (schema.format === "date-time") return "2026-01-31T12:00:00Z";
  const [min, max] = [boundOf(schema.minLength, 0), boundOf(schema.maxLength, Number.MAX_SAFE_INTEGER)];
  return [...random.pick(TEXTS).padEnd(min, "x")].slice(0, max).join("");
}

function boundOf(bound: unknown, otherwise: number): number {
  return typeof bound === "number" ? bound : otherwise;
}
