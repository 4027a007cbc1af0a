import { ERROR_CODES, type ErrorCode } from "@sms-gateway/contracts";

/** What a route may end in: a code, or a status alone where its codes are many or another service's. */
export type DeclaredError = ErrorCode | number;

/** One entry of `schema.response`. */
export interface ErrorResponse {
  readonly description: string;
  readonly content: { readonly "application/json": { readonly schema: { readonly $ref: "ErrorBody#" } } };
}

const NOT_JSON = "`INVALID_PAYLOAD`: The body is missing, or is not JSON at all.";

/**
 * Error answers for `schema.response` of a route, one per status, which name the codes. 400 is `INVALID_PAYLOAD` for a
 * body that cannot be read.
 */
export function errorResponses(...errors: DeclaredError[]): Record<number, ErrorResponse> {
  const byStatus = new Map<number, Set<string>>();
  for (const error of errors) {
    const status = typeof error === "number" ? error : ERROR_CODES[error].status;
    const lines = byStatus.get(status) ?? new Set();
    byStatus.set(status, lines);
    for (const line of typeof error === "number" ? linesOfStatus(error) : [lineOf(error)]) lines.add(line);
  }
  return Object.fromEntries([...byStatus].map(([status, lines]) => [status, toResponse([...lines])]));
}

function linesOfStatus(status: number): string[] {
  if (status === 400) return [NOT_JSON];
  const codes = Object.entries(ERROR_CODES).filter(([, { status: own }]) => own === status);
  return codes.map(([code, { title }]) => `\`${code}\`: ${title}`);
}

function lineOf(code: ErrorCode): string {
  return `\`${code}\`: ${ERROR_CODES[code].title}`;
}

function toResponse(lines: readonly string[]): ErrorResponse {
  return { description: lines.join("\n"), content: { "application/json": { schema: { $ref: "ErrorBody#" } } } };
}
