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
  readonly message?: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Most entries listed, so that a hostile body cannot make a huge answer. */
export const PROBLEMS_MAX = 100;

/**
 * Turns Ajv's list into one problem per place. A union ("one recipient or a list") makes errors for each of its
 * alternatives; told are those of the alternative that fits best, which is the one whose type was right: its errors are
 * of another kind than `type`, or lie deeper.
 */
export function describeValidation(errors: readonly SchemaError[], context: string | undefined): FieldProblem[] {
  const byPath = new Map<string, SchemaError[]>();
  // Places that hold a place with a problem of its own.
  const outer = new Set<string>();
  for (const error of errors) {
    const path = error.instancePath + missingProperty(error);
    const known = byPath.get(path);
    if (known === undefined) {
      if (byPath.size >= PLACES_MAX) break;
      byPath.set(path, [error]);
      // Not lastIndexOf with a start of -1, which counts as 0 and would find the first slash for ever.
      for (let end = path.lastIndexOf("/"); end >= 0; end = path.slice(0, end).lastIndexOf("/"))
        outer.add(path.slice(0, end));
    } else if (known.length < ALTERNATIVES_MAX) known.push(error);
  }
  const problems: FieldProblem[] = [];
  for (const [path, found] of byPath) {
    const telling = outer.has(path) ? found.filter(({ keyword }) => !UNION_KEYWORDS.has(keyword)) : found;
    if (telling.length === 0) continue;
    problems.push({ path: place(path, context), message: joinAlternatives(telling) });
    if (problems.length >= PROBLEMS_MAX) break;
  }
  return problems;
}

/** Our widest union has three alternatives; more errors at one place tell nothing new. */
const ALTERNATIVES_MAX = 16;
/** Places looked at: enough to find a hundred that are told, since those of one value stand together. */
const PLACES_MAX = 10 * PROBLEMS_MAX;
/** What an alternative that was not meant complains of. */
const UNION_KEYWORDS: ReadonlySet<string> = new Set(["type", "anyOf", "oneOf"]);

function missingProperty(error: SchemaError): string {
  return error.keyword === "required" ? `/${String(error.params.missingProperty)}` : "";
}

function joinAlternatives(errors: readonly SchemaError[]): string {
  const exact = errors.filter(({ keyword }) => !UNION_KEYWORDS.has(keyword));
  if (exact.length > 0) return join(exact.map(describe));
  const types = errors.filter(({ keyword }) => keyword === "type").map(describe);
  const telling = types.filter((message) => message !== "must be null");
  return join(telling.length > 0 ? telling : errors.map(describe));
}

function join(messages: readonly string[]): string {
  return [...new Set(messages)].join(", or ");
}

function describe({ keyword, params, message }: SchemaError): string {
  switch (keyword) {
    case "required":
      return "is required";
    case "enum":
      return Array.isArray(params.allowedValues)
        ? `must be one of ${params.allowedValues.join(", ")}`
        : "is not allowed";
    case "minLength":
      return params.limit === 1 ? "must not be empty" : `must have at least ${params.limit} characters`;
    case "maxLength":
      return `must have at most ${params.limit} characters`;
    case "minItems":
      return params.limit === 1 ? "must not be empty" : `must have at least ${params.limit} items`;
    case "maxItems":
      return `must have at most ${params.limit} items`;
    case "minimum":
      return `must be at least ${params.limit}`;
    case "maximum":
      return `must be at most ${params.limit}`;
    default:
      return message ?? "is wrong";
  }
}

function place(path: string, context: string | undefined): string {
  if (context === undefined || context === "body") return path === "" ? "/" : path;
  return `${context === "querystring" ? "query" : context.replace(/s$/, "")}:${path.slice(1)}`;
}
