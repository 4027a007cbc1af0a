import { hash } from "node:crypto";

/**
 * What makes two requests with one Idempotency-Key "the same": SHA-256 over the route and the canonical JSON of the body
 * as sent, never over defaults or the clock (architecture.md 5.1). Hex.
 */
export function fingerprintRequest(route: string, body: unknown): string {
  return hash("sha256", `${route}\n${canonicalJson(body)}`);
}

/** JSON with the keys of every object in code-unit order and no spaces (RFC 8785 for what JSON.parse can make). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
}

/** SHA-256 of an Idempotency-Key, hex: keys are never stored or queued in clear. */
export function hashIdempotencyKey(key: string): string {
  return hash("sha256", key);
}
