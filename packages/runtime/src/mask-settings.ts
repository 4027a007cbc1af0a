import type { Static, TObject } from "typebox";
import { listSettings, type SettingDescription } from "./list-settings.ts";

/**
 * The resolved settings for the log line at start: secrets only as `set` or `not set`, passwords inside addresses as
 * `***`, missing optional settings as null.
 */
export function maskSettings<Schema extends TObject>(
  schema: Schema,
  settings: Static<Schema>,
): Record<string, unknown> {
  const values = readValues(settings);
  return Object.fromEntries(
    listSettings(schema).map((setting) => [setting.name, maskValue(setting, values.get(setting.name))]),
  );
}

/**
 * Names of the secrets that still have the default published with the source. Services refuse to start with a real
 * provider while this is not empty.
 */
export function usesDefaultSecrets<Schema extends TObject>(schema: Schema, settings: Static<Schema>): string[] {
  const values = readValues(settings);
  return listSettings(schema)
    .filter((setting) => setting.insecureDefault && setting.default !== undefined)
    .filter((setting) => values.get(setting.name) === setting.default)
    .map((setting) => setting.name);
}

function readValues(settings: unknown): Map<string, unknown> {
  return new Map(typeof settings === "object" && settings !== null ? Object.entries(settings) : []);
}

function maskValue(setting: SettingDescription, value: unknown): unknown {
  if (setting.secret) return value === undefined || value === "" ? "not set" : "set";
  if (typeof value === "string") return maskPassword(value);
  if (Array.isArray(value)) return value.map((item) => (typeof item === "string" ? maskPassword(item) : item));
  return value ?? null;
}

// An address with a password should be marked as a secret; this catches the one that is not.
function maskPassword(value: string): string {
  return value.replace(/(:\/\/[^/?#\s:@]*):[^/?#\s]*@/, "$1:***@");
}
