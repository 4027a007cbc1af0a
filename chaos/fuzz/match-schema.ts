import { isDeepStrictEqual } from "node:util";
import { isObject, type JsonObject, listOf, type Schemas } from "./json-schema.ts";

/** Where a value does not fit its schema, one line each. Not the product's own validator, which it would believe. */
export function listMismatches(schemas: Schemas, schema: unknown, value: unknown, path = ""): string[] {
  const wanted = schemas.resolve(schema);
  const found = [...matchType(wanted, value), ...matchChoice(wanted, value), ...matchBounds(wanted, value)].map(
    (problem) => `${path || "/"} ${problem}`,
  );
  if (found.length > 0) return found;
  for (const keyword of [wanted.anyOf, wanted.oneOf]) {
    const alternatives = listOf(keyword);
    if (alternatives.length > 0 && !alternatives.some((one) => fits(schemas, one, value)))
      return [`${path || "/"} fits none of ${alternatives.length} alternatives`];
  }
  const inAll = listOf(wanted.allOf).flatMap((part) => listMismatches(schemas, part, value, path));
  return [...inAll, ...matchInside(schemas, wanted, value, path)];
}

/** Whether it fits. */
export function fits(schemas: Schemas, schema: unknown, value: unknown): boolean {
  return listMismatches(schemas, schema, value).length === 0;
}

function matchType({ type }: JsonObject, value: unknown): string[] {
  const types = [type].flat().filter((name) => typeof name === "string");
  if (types.length === 0 || types.some((name) => isOfType(name, value))) return [];
  return [`is no ${types.join(" or ")}`];
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function matchChoice(schema: JsonObject, value: unknown): string[] {
  if (Array.isArray(schema.enum) && !schema.enum.some((choice) => isDeepStrictEqual(choice, value)))
    return ["is none of the choices"];
  return "const" in schema && !isDeepStrictEqual(schema.const, value) ? ["is not the constant"] : [];
}

function matchBounds(schema: JsonObject, value: unknown): string[] {
  if (typeof value === "number") return matchRange(value, [schema.minimum, schema.maximum], "is");
  if (Array.isArray(value)) return matchRange(value.length, [schema.minItems, schema.maxItems], "has items:");
  if (typeof value !== "string") return [];
  const problems = matchRange([...value].length, [schema.minLength, schema.maxLength], "has characters:");
  if (typeof schema.pattern === "string" && !new RegExp(schema.pattern, "u").test(value))
    problems.push("does not match its pattern");
  if (schema.format === "date-time" && !/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(value))
    problems.push("is no date-time");
  return problems;
}

function matchRange(size: number, [min, max]: readonly [unknown, unknown], what: string): string[] {
  if (typeof min === "number" && size < min) return [`${what} ${size}, below ${min}`];
  return typeof max === "number" && size > max ? [`${what} ${size}, above ${max}`] : [];
}

function matchInside(schemas: Schemas, schema: JsonObject, value: unknown, path: string): string[] {
  if (Array.isArray(value) && schema.items !== undefined)
    return value.flatMap((item, index) => listMismatches(schemas, schema.items, item, `${path}/${index}`));
  if (!isObject(value)) return [];
  const missing = listOf(schema.required).filter((name) => typeof name === "string" && !Object.hasOwn(value, name));
  const properties = isObject(schema.properties) ? schema.properties : {};
  return [
    ...missing.map((name) => `${path}/${name} is missing`),
    ...Object.entries(value).flatMap(([name, item]) => {
      if (Object.hasOwn(properties, name)) return listMismatches(schemas, properties[name], item, `${path}/${name}`);
      if (schema.additionalProperties === false) return [`${path}/${name} is not declared`];
      return isObject(schema.additionalProperties)
        ? listMismatches(schemas, schema.additionalProperties, item, `${path}/${name}`)
        : [];
    }),
  ];
}
