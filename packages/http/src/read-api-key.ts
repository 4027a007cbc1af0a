import { hash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Longest key that is looked at; ours have 36 characters. */
const KEY_CHARACTERS_MAX = 256;

/**
 * The API key of a request: `API-Key`, else `Authorization: Bearer <key>`, else Basic with the key as user name. An
 * empty or over-long one counts as wrong (`""`); `undefined` means that none was given.
 */
export function readApiKey(headers: IncomingHttpHeaders): string | undefined {
  const header = headers["api-key"];
  if (header !== undefined) return bounded(Array.isArray(header) ? (header[0] ?? "") : header);
  const authorization = headers.authorization;
  if (authorization === undefined) return undefined;
  const [scheme = "", value = ""] = authorization.trim().split(/ +/, 2);
  if (scheme.toLowerCase() === "bearer") return bounded(value);
  if (scheme.toLowerCase() !== "basic") return "";
  return bounded(Buffer.from(value, "base64").toString("utf8").split(":", 1)[0] ?? "");
}

/** SHA-256 of a key as hex: the only form in which keys are stored or compared. */
export function hashApiKey(key: string): string {
  return hash("sha256", key);
}

function bounded(key: string): string {
  return key.length > KEY_CHARACTERS_MAX ? "" : key.trim();
}
