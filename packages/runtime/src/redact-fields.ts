import { isError, serializeError } from "./serialize-error.ts";

/** What stands in the log where a secret would. */
export const REDACTED = "[redacted]";

// Compared in lower case without dashes and underscores, so `API-Key`, `api_key` and `apiKey` are one entry.
const SECRET_KEYS = new Set([
  "authorization",
  "proxyauthorization",
  "apikey",
  "xapikey",
  "cookie",
  "setcookie",
  "xwebhooksignature",
  "xtwiliosignature",
  "text",
  "messagetext",
  "messagecontent",
  "password",
  "secret",
  "token",
  "accesstoken",
  "authtoken",
  "code",
  "otpcode",
]);
const SECRET_KEY_LENGTH_MAX = 24;
const DEPTH_MAX = 6;
const ITEMS_MAX = 100;
// Fastify and pino hand these whole objects to their own serializers, which pick a few harmless fields.
const SERIALIZED_KEYS = new Set(["req", "res"]);

/** Whether the value under this key never belongs in the log: texts, keys, codes, credentials. */
function isSecretKey(key: string): boolean {
  return key.length <= SECRET_KEY_LENGTH_MAX && SECRET_KEYS.has(key.toLowerCase().replaceAll(/[-_]/g, ""));
}

/**
 * Copies the fields of a log line without what may not be logged, at any depth: values under secret keys, enumerable
 * extras of errors, and instances of classes (clients, requests, buffers), which would print their insides.
 */
export function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    copy[key] = SERIALIZED_KEYS.has(key) ? value : redactField(key, value, 1);
  }
  return copy;
}

function redactField(key: string, value: unknown, depth: number): unknown {
  if (isSecretKey(key)) return value === undefined || value === null ? value : REDACTED;
  // Checked by key as well: an error that was serialized before is a plain object whose `code` is to be kept.
  if (key === "err" && value !== undefined) return serializeError(value);
  return redactValue(value, depth);
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (isError(value)) return serializeError(value);
  if (value instanceof Date) return value;
  if (depth >= DEPTH_MAX) return "[too deep]";
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => redactValue(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `[${value.constructor.name}]`;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) copy[key] = redactField(key, item, depth + 1);
  return copy;
}
