import { type TObject, type TSchema, Type } from "typebox";

/** How a value is written in the environment. `list` is comma separated, `enum` is one of `choices`. */
export type SettingType = "string" | "integer" | "number" | "boolean" | "list" | "enum";

/** What a value is generated as when `make up` finds none: 32 or 16 random bytes in hex, or a UUID. */
export type SettingGenerator = "hex32" | "hex16" | "uuid";

/** One setting as documentation, `.env.example`, the generator and the loader see it. */
export interface SettingDescription {
  /** Environment variable. */
  readonly name: string;
  readonly description: string;
  readonly type: SettingType;
  /** The allowed values of an `enum`. */
  readonly choices?: readonly (string | number | boolean)[];
  /** For example `ms`, `s`, `messages`. */
  readonly unit?: string;
  /** In the setting's own type, not as text. */
  readonly default?: unknown;
  /** Has neither a default nor the mark of an optional setting: the process does not start without it. */
  readonly required: boolean;
  readonly secret: boolean;
  /** The default is published with the source, so nothing real may run while it is in use. */
  readonly insecureDefault: boolean;
  readonly generate?: SettingGenerator;
  /** Other environment names that are honoured. */
  readonly aliases: readonly string[];
}

/**
 * Describes every setting of a schema in the schema's order: a `Type.Object` whose keys are environment names and whose
 * properties carry `description`, `default` (or `Type.Optional`) and the annotations `unit`, `secret`, `generate`,
 * `insecureDefault` and `aliases`.
 *
 * @throws TypeError when the schema itself is wrong: a setting without description, an annotation of the wrong kind, a
 *   type that an environment variable cannot be read as.
 */
export function listSettings(schema: TObject): SettingDescription[] {
  return Object.entries(schema.properties).map(([name, property]) => describeSetting(name, property));
}

function describeSetting(name: string, property: TSchema): SettingDescription {
  const annotation = (key: string): unknown => Reflect.get(property, key);
  const description = annotation("description");
  if (typeof description !== "string" || description === "") throw new TypeError(`Setting ${name} has no description`);
  const unit = readUnit(name, annotation("unit"));
  const generate = readGenerator(name, annotation("generate"));
  const choices = readChoices(property);
  const defaultValue = annotation("default");
  return {
    name,
    description,
    type: readType(name, property),
    ...(choices === undefined ? {} : { choices }),
    ...(unit === undefined ? {} : { unit }),
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
    required: defaultValue === undefined && !Type.IsOptional(property),
    secret: annotation("secret") === true,
    insecureDefault: annotation("insecureDefault") === true,
    ...(generate === undefined ? {} : { generate }),
    aliases: readAliases(name, annotation("aliases")),
  };
}

function readType(name: string, property: TSchema): SettingType {
  if (Type.IsString(property)) return "string";
  if (Type.IsInteger(property)) return "integer";
  if (Type.IsNumber(property)) return "number";
  if (Type.IsBoolean(property)) return "boolean";
  if (Type.IsArray(property) && Type.IsString(property.items)) return "list";
  if (readChoices(property) !== undefined) return "enum";
  throw new TypeError(`Setting ${name} has a type that cannot be read from an environment variable`);
}

function readChoices(property: TSchema): (string | number | boolean)[] | undefined {
  if (Type.IsEnum(property)) return [...property.enum];
  if (Type.IsLiteral(property) && typeof property.const !== "bigint") return [property.const];
  if (!Type.IsUnion(property)) return undefined;
  const choices = property.anyOf.map(readChoices);
  return choices.every((choice) => choice !== undefined) ? choices.flat() : undefined;
}

function readUnit(name: string, unit: unknown): string | undefined {
  if (unit === undefined || typeof unit === "string") return unit;
  throw new TypeError(`Setting ${name} has a unit that is not text`);
}

function readGenerator(name: string, generate: unknown): SettingGenerator | undefined {
  if (generate === undefined || generate === "hex32" || generate === "hex16" || generate === "uuid") return generate;
  throw new TypeError(`Setting ${name} has an unknown generator`);
}

function readAliases(name: string, aliases: unknown): string[] {
  if (aliases === undefined) return [];
  if (Array.isArray(aliases) && aliases.every((alias) => typeof alias === "string")) return aliases;
  throw new TypeError(`Setting ${name} has aliases that are not a list of names`);
}
