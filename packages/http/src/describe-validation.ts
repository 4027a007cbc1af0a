/** One entry of `details.errors[]`. */
export interface FieldProblem {
  /** JSON pointer into the body ("/to/0/number"), or "header:<name>" or "query:<name>". */
  readonly path: string;
  readonly message: string;
}

/** What Ajv says of one failed keyword. */
export interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Most entries listed, so that a hostile body cannot make a huge answer. */
const PROBLEMS_MAX = 100;

/**
 * Turns Ajv's list into one problem per place. A union ("a string, or null") makes several errors at one place: the
 * alternatives are joined with "or", and "must be null" is left out where another alternative says more.
 */
export function describeValidation(errors: readonly SchemaError[], context: string | undefined): FieldProblem[] {
  const byPath = new Map<string, string[]>();
  for (const error of errors) {
    const path = error.instancePath + missingProperty(error);
    const messages = byPath.get(path) ?? [];
    byPath.set(path, messages);
    messages.push(describe(error));
  }
  return [...byPath].slice(0, PROBLEMS_MAX).map(([path, messages]) => ({
    path: place(path, context),
    message: joinAlternatives(messages),
  }));
}

function missingProperty(error: SchemaError): string {
  return error.keyword === "required" ? `/${String(error.params.missingProperty)}` : "";
}

function describe(error: SchemaError): string {
  if (error.keyword === "required") return "is required";
  if (error.keyword === "enum") return `must be one of ${(error.params.allowedValues as unknown[]).join(", ")}`;
  return error.message ?? "is wrong";
}

function joinAlternatives(messages: readonly string[]): string {
  const telling = messages.filter((m) => m !== "must be null" && !m.startsWith("must match a schema in anyOf"));
  return [...new Set(telling.length > 0 ? telling : messages)].join(", or ");
}

function place(path: string, context: string | undefined): string {
  if (context === undefined || context === "body") return path === "" ? "/" : path;
  return `${context === "querystring" ? "query" : context}:${path.slice(1)}`;
}
