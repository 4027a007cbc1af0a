import { isNativeError } from "node:util/types";

/** The only things of an error that reach the log. */
export interface SerializedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: SerializedError;
  /** The collected errors of an `AggregateError`. */
  readonly errors?: readonly SerializedError[];
}

// Chains of causes may be circular.
const CAUSE_DEPTH_MAX = 5;
const COLLECTED_ERRORS_MAX = 10;

/** Whether a value is an error, also when it comes from another realm. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || isNativeError(value);
}

/**
 * Turns anything that was thrown into fields for the log. Other properties of an error are never copied, because HTTP
 * clients hang the request with its Authorization header on their errors (the Twilio SDK does).
 */
export function serializeError(error: unknown, depth = 0): SerializedError {
  if (typeof error !== "object" || error === null) return { type: typeof error, message: String(error) };
  const field = (key: string): unknown => Reflect.get(error, key);
  const code = field("code");
  const stack = field("stack");
  const cause = field("cause");
  const errors = field("errors");
  const goesDeeper = depth < CAUSE_DEPTH_MAX;
  return {
    type: nameOf(error, field("type")),
    message: textOf(field("message")),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(typeof stack === "string" ? { stack } : {}),
    ...(goesDeeper && cause !== undefined && cause !== null ? { cause: serializeError(cause, depth + 1) } : {}),
    ...(goesDeeper && Array.isArray(errors)
      ? { errors: errors.slice(0, COLLECTED_ERRORS_MAX).map((collected) => serializeError(collected, depth + 1)) }
      : {}),
  };
}

function nameOf(error: object, type: unknown): string {
  if (isError(error)) return error.constructor.name === "Error" ? error.name : error.constructor.name;
  return typeof type === "string" ? type : "object";
}

function textOf(message: unknown): string {
  return typeof message === "string" ? message : "";
}
