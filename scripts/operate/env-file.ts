import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { listGeneratedSettings } from "../docs/render-settings.ts";
import { shellEnvironment } from "./shell-config.ts";

const ENV_FILE = ".env";

/** Passwords of the containers' own servers; the services' secrets are marked `generate` in their schemas. */
const SERVER_PASSWORDS = ["RABBITMQ_PASSWORD", "REDIS_PASSWORD", "POSTGRES_PASSWORD"];

/**
 * Writes every missing secret into `.env` (mode 0600), 32 random bytes as hex each, keeps what is there, and returns the
 * names it made. `serverPasswords`: also those of the containers' servers, which read them only while their volume is
 * empty, so that a new one for an old volume would lock everybody out.
 */
export function generateSecrets(root: string, { serverPasswords }: { serverPasswords: boolean }): string[] {
  const file = join(root, ENV_FILE);
  const marked = listGeneratedSettings(readFileSync(join(root, ".env.example"), "utf8"));
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const known = parseEnv(text);
  const wanted = new Set([...marked, ...(serverPasswords ? SERVER_PASSWORDS : [])]);
  const missing = [...wanted].filter((name) => (known[name] ?? "") === "");
  if (missing.length > 0) {
    const kept = text === "" || text.endsWith("\n") ? text : `${text}\n`;
    const lines = missing.map((name) => `${name}=${randomBytes(32).toString("hex")}`);
    const why = "# Generated. Keep them with the data: what was accepted and stored depends on them.";
    writeFileSync(file, `${kept}${why}\n${lines.join("\n")}\n`, { mode: 0o600 });
  }
  chmodSync(file, 0o600);
  return missing;
}

/** What `.env` says; nothing when there is none. */
export function readEnvFile(root: string): Record<string, string> {
  const file = join(root, ENV_FILE);
  const read = existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
  return Object.fromEntries(Object.entries(read).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** A setting as `docker compose` will see it: the shell's environment, else `.env`, else the default. */
export function settingOf(root: string, name: string, fallback: string): string {
  return shellEnvironment()[name] || readEnvFile(root)[name] || fallback;
}

/** The environment of a service without Docker, by the same order. An empty value counts as not set. */
export function readServiceEnvironment(root: string): Record<string, string> {
  const shell = Object.entries(shellEnvironment()).flatMap(([name, value]) => (value ? [[name, value]] : []));
  return { ...readEnvFile(root), ...Object.fromEntries(shell) };
}
