import type { Static, TObject, TSchema } from "typebox";
import { Value } from "typebox/value";
import { listSettings, type SettingDescription } from "./list-settings.ts";
import { type SettingProblem, SettingsError } from "./settings-error.ts";

/** What settings are read from: `process.env` in a service, a plain object in tests. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Reading = { readonly value: unknown } | { readonly problem: string };

// A longer value makes the sentence unreadable without helping to find the mistake.
const SHOWN_VALUE_LENGTH_MAX = 40;

/**
 * Reads every setting of `schema` from `env`: text becomes whole numbers, numbers, booleans (`true false 1 0 yes no`, any
 * case), comma separated lists and enum values; an empty value counts as not set; aliases are honoured.
 *
 * @param check finds what a schema cannot say, in the settings that could be read.
 * @throws SettingsError that lists every bad setting, not just the first; values of secrets never appear in it.
 * @throws TypeError when the schema itself is wrong (see `listSettings`).
 */
export function loadSettings<Schema extends TObject>(
  schema: Schema,
  env: Environment,
  check: (read: Readonly<Record<string, unknown>>) => readonly SettingProblem[] = () => [],
): Static<Schema> {
  const problems: SettingProblem[] = [];
  const values: Record<string, unknown> = {};
  for (const setting of listSettings(schema)) {
    const property: TSchema | undefined = schema.properties[setting.name];
    const reading = property === undefined ? { value: undefined } : readSetting(setting, property, env);
    if ("problem" in reading) problems.push({ name: setting.name, problem: reading.problem });
    else if (reading.value !== undefined) values[setting.name] = reading.value;
  }
  problems.push(...check(values));
  if (problems.length > 0) throw new SettingsError(problems);
  // Each value has passed its own schema, so only a rule over the whole object can still refuse here.
  if (Value.Check(schema, values)) return values;
  throw new TypeError("The settings' schema has a rule over several settings, which loadSettings does not support");
}

function readSetting(setting: SettingDescription, property: TSchema, env: Environment): Reading {
  const found = [setting.name, ...setting.aliases].filter((name) => env[name] !== undefined && env[name] !== "");
  const texts = new Set(found.map((name) => env[name]));
  if (texts.size > 1) return { problem: `is set to different values under the names ${found.join(" and ")}: keep one` };
  const [text] = texts;
  if (text === undefined) {
    if (setting.required) return { problem: `is not set (${setting.description})` };
    return checkValue(property, structuredClone(setting.default));
  }
  const reading = convertText(setting, text);
  const checked = "problem" in reading ? reading : checkValue(property, reading.value);
  if (!("problem" in checked)) return checked;
  const alias = found.includes(setting.name) ? "" : ` (set as ${found.join(", ")})`;
  return { problem: `${checked.problem}${showValue(setting, text)}${alias}` };
}

function convertText(setting: SettingDescription, text: string): Reading {
  const trimmed = text.trim();
  switch (setting.type) {
    case "string":
      return { value: text };
    case "integer": {
      const value = Number(trimmed);
      const isWhole = /^[+-]?\d+$/.test(trimmed) && Number.isSafeInteger(value);
      return isWhole ? { value } : { problem: "must be a whole number" };
    }
    case "number": {
      const value = Number(trimmed);
      const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) && Number.isFinite(value);
      return isNumber ? { value } : { problem: "must be a number" };
    }
    case "boolean":
      if (/^(true|1|yes)$/i.test(trimmed)) return { value: true };
      if (/^(false|0|no)$/i.test(trimmed)) return { value: false };
      return { problem: "must be true or false (1, 0, yes and no are understood too)" };
    case "list":
      return { value: trimmed.split(",").flatMap((item) => item.trim() || []) };
    case "enum": {
      const choices = setting.choices ?? [];
      const value = choices.find((choice) => String(choice) === trimmed);
      return value === undefined ? { problem: `must be one of ${choices.join(", ")}` } : { value };
    }
    default:
      return setting.type satisfies never;
  }
}

function checkValue(property: TSchema, value: unknown): Reading {
  if (value === undefined) return { value };
  const errors = Value.Errors(property, value);
  if (errors.length === 0) return { value };
  const sentences = errors.map((error) => {
    const item = /^\/(\d+)/.exec(error.instancePath)?.[1];
    const sentence = explainError(error);
    return item === undefined ? sentence : `has an item (number ${Number(item) + 1}) that ${sentence}`;
  });
  return { problem: [...new Set(sentences)].join(" and ") };
}

function explainError(error: ReturnType<typeof Value.Errors>[number]): string {
  switch (error.keyword) {
    case "minimum":
      return `must be at least ${error.params.limit}`;
    case "maximum":
      return `must be at most ${error.params.limit}`;
    case "exclusiveMinimum":
      return `must be more than ${error.params.limit}`;
    case "exclusiveMaximum":
      return `must be less than ${error.params.limit}`;
    case "multipleOf":
      return `must be a multiple of ${error.params.multipleOf}`;
    case "minLength":
      return `must have at least ${error.params.limit} characters`;
    case "maxLength":
      return `must have at most ${error.params.limit} characters`;
    case "minItems":
      return `must list at least ${error.params.limit} items`;
    case "maxItems":
      return `must list at most ${error.params.limit} items`;
    case "format":
      return `must have the form of ${error.params.format}`;
    case "pattern":
      return `must match ${error.params.pattern}`;
    default:
      return error.message;
  }
}

/**
 * Shows what was written, but only where that is sure to be harmless: a string that is not marked as a secret may still
 * be an address with a password in it.
 */
function showValue(setting: SettingDescription, text: string): string {
  if (setting.secret || setting.type === "string" || setting.type === "list") return "";
  const shown = text.length > SHOWN_VALUE_LENGTH_MAX ? `${text.slice(0, SHOWN_VALUE_LENGTH_MAX)}…` : text;
  return `, but is ${JSON.stringify(shown)}`;
}
