import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readEnvFile } from "./env-file.ts";

/** What a process was started with, in a form that tells a change and nothing else. */
export interface StartedWith {
  /** Fingerprint of all sources that ship. */
  readonly sources: string;
  /** A hash for each setting that had a value. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Fingerprints what a process that is started now runs with. */
export function recordChangeable(root: string, environment: Readonly<Record<string, string>>): StartedWith {
  return { sources: fingerprintSources(root), settings: hashSettings(root, environment) };
}

/** What has changed since, in words for people; nothing when a restart would change nothing. */
export function listChanges(before: StartedWith, now: StartedWith): string[] {
  const names = new Set([...Object.keys(before.settings), ...Object.keys(now.settings)]);
  const changed = [...names].filter((name) => before.settings[name] !== now.settings[name]).sort();
  return [...changed, ...(before.sources === now.sources ? [] : ["the code"])];
}

/** The settings that had a value then and have none now, such as those of a command line. */
export function listDropped(before: StartedWith, now: StartedWith): string[] {
  return Object.keys(before.settings).filter((name) => now.settings[name] === undefined);
}

/** The settings are those that `.env.example` lists, which `make check` compares with the schemas, and all of `.env`. */
function hashSettings(root: string, environment: Readonly<Record<string, string>>): Record<string, string> {
  const example = join(root, ".env.example");
  const listed = existsSync(example) ? readFileSync(example, "utf8").matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm) : [];
  const names = new Set([...[...listed].flatMap((found) => found[1] ?? []), ...Object.keys(readEnvFile(root))]);
  return Object.fromEntries(
    [...names].sort().flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, hash([name, value])]];
    }),
  );
}

function fingerprintSources(root: string): string {
  const folders = ["packages", "services"].flatMap((kind) =>
    listNames(join(root, kind)).map((name) => join(root, kind, name)),
  );
  const files = folders.flatMap((folder) => [
    ...listFiles(join(folder, "src")),
    ...listFiles(join(folder, "prisma", "migrations")),
  ]);
  const shipped = files.filter((file) => !file.endsWith(".test.ts")).sort();
  return hash([join(root, "pnpm-lock.yaml"), ...shipped].flatMap((file) => [file.slice(root.length), read(file)]));
}

function listNames(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function hash(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 16);
}
