import type { RequestMetadata } from "@sms-gateway/contracts";

/*
 * Parsers for columns whose type the database does not hold as exactly as we do: closed lists kept as text, and JSON.
 */

/**
 * One of a closed list.
 * @throws TypeError when the column holds something else: an older program reads what a newer one has written.
 */
export function readOneOf<const T extends string>(allowed: readonly T[], value: string, column: string): T {
  const found = allowed.find((entry) => entry === value);
  if (found === undefined) throw new TypeError(`${column} holds ${JSON.stringify(value)}, which is not known here`);
  return found;
}

/** The same for a column that may be null. */
export function readOneOfOrNull<const T extends string>(
  allowed: readonly T[],
  value: string | null,
  column: string,
): T | null {
  return value === null ? null : readOneOf(allowed, value, column);
}

/** A JSON object; anything else reads as null. */
export function readObject(value: unknown): Record<string, unknown> | null {
  return isObject(value) ? value : null;
}

/** What was kept of the HTTP request; what is missing reads as empty. */
export function readRequest(value: unknown): RequestMetadata | null {
  if (!isObject(value)) return null;
  const { id, ip, user_agent, bytes, message_length } = value;
  return {
    id: typeof id === "string" ? id : "",
    ip: typeof ip === "string" ? ip : "",
    user_agent: typeof user_agent === "string" ? user_agent : null,
    bytes: typeof bytes === "number" ? bytes : 0,
    message_length: typeof message_length === "number" ? message_length : 0,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
