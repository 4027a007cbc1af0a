import { isObject, type JsonObject, listAlternatives, type Schemas } from "./json-schema.ts";
import { fits } from "./match-schema.ts";

/** The way to a value inside of another. */
export type Way = readonly (string | number)[];

/** Every place in a value, the whole of it first. */
export function listPlaces(value: unknown, way: Way = []): Way[] {
  const inner = Array.isArray(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : [];
  return [way, ...inner.flatMap(([name, item]) => listPlaces(item, [...way, name]))];
}

/** The same with another value at a place. */
export function replaceAt(value: unknown, [name, ...way]: Way, replacement: unknown): unknown {
  if (name === undefined) return replacement;
  if (Array.isArray(value))
    return value.map((item, index) => (index === name ? replaceAt(item, way, replacement) : item));
  if (!isObject(value)) return value;
  return { ...value, [name]: replaceAt(value[name], way, replacement) };
}

/** The same without a place. */
export function removeAt(value: unknown, [name, ...way]: Way): unknown {
  if (name === undefined) return undefined;
  if (Array.isArray(value)) {
    if (way.length === 0) return value.filter((_item, index) => index !== name);
    return value.map((item, index) => (index === name ? removeAt(item, way) : item));
  }
  if (!isObject(value)) return value;
  if (way.length > 0) return { ...value, [name]: removeAt(value[name], way) };
  return Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
}

/** The value at a place. */
export function valueAt(value: unknown, way: Way): unknown {
  return way.reduce<unknown>((inside, name) => {
    if (Array.isArray(inside)) return inside[Number(name)];
    return isObject(inside) ? inside[name] : undefined;
  }, value);
}

/** What the schema says of a place: of its alternatives the one that the value takes. */
export function schemaAt(schemas: Schemas, schema: unknown, value: unknown, [name, ...way]: Way): JsonObject {
  const chosen = chooseAlternative(schemas, schema, value);
  if (name === undefined) return chosen;
  if (Array.isArray(value)) return schemaAt(schemas, chosen.items, value[Number(name)], way);
  if (!isObject(value)) return {};
  const properties = isObject(chosen.properties) ? chosen.properties : {};
  const inner = Object.hasOwn(properties, name) ? properties[name] : chosen.additionalProperties;
  return schemaAt(schemas, inner, value[name], way);
}

function chooseAlternative(schemas: Schemas, schema: unknown, value: unknown): JsonObject {
  const alternatives = listAlternatives(schemas, schema);
  const chosen = alternatives.find((one) => fits(schemas, one, value)) ?? alternatives[0] ?? {};
  const isChoice = chosen.anyOf !== undefined || chosen.oneOf !== undefined;
  return isChoice ? chooseAlternative(schemas, chosen, value) : chosen;
}
