import { ApiError } from "@sms-gateway/contracts";
import { type FieldProblem, PROBLEMS_MAX } from "@sms-gateway/http";

/** What a caller calls the fields of `SendRequest`, where it uses other words. */
export type FieldNames = Readonly<Record<string, string>>;

/** The error for a request with problems: the message tells the first, `details.errors` up to a hundred. */
export function invalidPayload(problems: readonly FieldProblem[], names: FieldNames = {}): ApiError {
  const shown = problems
    .slice(0, PROBLEMS_MAX)
    .map(({ path, message }) => ({ path: renameField(path, names), message }));
  const [first] = shown;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more; see details.errors)` : "";
  return new ApiError("INVALID_PAYLOAD", {
    message: first === undefined ? "The request failed validation." : `${first.path} ${first.message}${more}`,
    details: { errors: shown },
  });
}

function renameField(path: string, names: FieldNames): string {
  const [before = "", field = "", ...rest] = path.split("/");
  const name = before === "" && Object.hasOwn(names, field) ? names[field] : undefined;
  return name === undefined ? path : ["", name, ...rest].join("/");
}
