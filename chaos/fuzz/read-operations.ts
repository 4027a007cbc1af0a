import { isObject, type JsonObject, listOf, openSchemas, type Schemas } from "./json-schema.ts";

/** One operation of an OpenAPI document. */
export interface Operation {
  /** In capitals. */
  readonly method: string;
  /** With `{name}` for its parameters. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Schema of its JSON body, if it declares one. */
  readonly body: unknown;
  /** By status. */
  readonly answers: ReadonlyMap<number, DeclaredAnswer>;
  /** Whether it asks for a key. */
  readonly isProtected: boolean;
  readonly schemas: Schemas;
}

export interface Parameter {
  readonly name: string;
  readonly place: "path" | "query" | "header";
  readonly isRequired: boolean;
  readonly schema: unknown;
}

export interface DeclaredAnswer {
  /** Schema of the JSON answer; undefined when it is empty or something else. */
  readonly json: unknown;
}

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/** Every operation of a document. @throws Error when it is no OpenAPI document, or has none */
export function readOperations(document: unknown): Operation[] {
  if (!isObject(document) || !isObject(document.paths)) throw new Error("this is no OpenAPI document");
  const schemas = openSchemas(document);
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const declared = isObject(item) ? item[method] : undefined;
      return isObject(declared) ? [readOperation(schemas, declared, { method: method.toUpperCase(), path })] : [];
    }),
  );
  if (operations.length === 0) throw new Error("the OpenAPI document has no operations");
  return operations;
}

function readOperation(schemas: Schemas, declared: JsonObject, address: Pick<Operation, "method" | "path">): Operation {
  return {
    ...address,
    parameters: listOf(declared.parameters).flatMap((parameter) => readParameter(schemas.resolve(parameter))),
    body: jsonSchemaOf(schemas.resolve(declared.requestBody)),
    answers: readAnswers(schemas, declared.responses),
    isProtected: listOf(declared.security).length > 0,
    schemas,
  };
}

function readParameter({ name, in: place, required, schema }: JsonObject): Parameter[] {
  if (typeof name !== "string" || (place !== "path" && place !== "query" && place !== "header")) return [];
  return [{ name, place, isRequired: required === true, schema }];
}

function readAnswers(schemas: Schemas, responses: unknown): Map<number, DeclaredAnswer> {
  const entries = isObject(responses) ? Object.entries(responses) : [];
  return new Map(entries.map(([status, answer]) => [Number(status), { json: jsonSchemaOf(schemas.resolve(answer)) }]));
}

function jsonSchemaOf({ content }: JsonObject): unknown {
  const json = isObject(content) ? content["application/json"] : undefined;
  return isObject(json) ? json.schema : undefined;
}
