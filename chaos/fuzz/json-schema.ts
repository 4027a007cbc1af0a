export type JsonObject = Readonly<Record<string, unknown>>;

/** An object of JSON: no list and not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The items of a list; none when it is no list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The schemas of one OpenAPI document. */
export interface Schemas {
  /** A schema without `$ref`. @throws Error when it leads nowhere: the document is wrong then */
  resolve(schema: unknown): JsonObject;
}

/** Reads them; references lead to places of the same document. */
export function openSchemas(document: JsonObject): Schemas {
  const resolve = (schema: unknown): JsonObject => {
    if (!isObject(schema)) return {};
    if (typeof schema.$ref !== "string") return schema;
    return resolve(follow(document, schema.$ref));
  };
  return { resolve };
}

function follow(document: JsonObject, reference: string): unknown {
  const names = reference
    .split("/")
    .slice(1)
    .map((name) => decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~"));
  let place: unknown = document;
  for (const name of names) {
    if (!isObject(place) || !Object.hasOwn(place, name)) throw new Error(`${reference} leads nowhere`);
    place = place[name];
  }
  return place;
}

/** The alternatives of a schema that has some, else the schema itself. */
export function listAlternatives({ resolve }: Schemas, schema: unknown): readonly JsonObject[] {
  const resolved = resolve(schema);
  const alternatives = [...listOf(resolved.anyOf), ...listOf(resolved.oneOf)];
  return alternatives.length === 0 ? [resolved] : alternatives.map((alternative) => resolve(alternative));
}
