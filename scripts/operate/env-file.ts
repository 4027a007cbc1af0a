import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { loadServiceSettings } from "../docs/service-settings.ts";

const ENV_FILE = ".env";

/** Secrets that only the containers' own servers need; the services' are marked `generate` in their schemas. */
const SERVER_PASSWORDS = ["RABBITMQ_PASSWORD", "REDIS_PASSWORD", "POSTGRES_PASSWORD"];

/**
 * Writes every missing secret into `.env` (mode 0600), 32 random bytes as hex each, keeps what is there, and returns the
 * names it made.
 */
export async function generateSecrets(root: string, file: string = ENV_FILE): Promise<string[]> {
  const settings = await loadServiceSettings(root);
  const marked = settings.filter((setting) => setting.generate !== undefined).map((setting) => setting.name);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const missing = [...new Set([...marked, ...SERVER_PASSWORDS])].filter((name) => readVariable(text, name) === "");
  if (missing.length > 0) {
    const kept = text === "" || text.endsWith("\n") ? text : `${text}\n`;
    const lines = missing.map((name) => `${name}=${randomBytes(32).toString("hex")}`);
    writeFileSync(
      file,
      `${kept}# Made by make up; keep them, or accepted messages cannot be read any more.\n${lines.join("\n")}\n`,
      { mode: 0o600 },
    );
  }
  chmodSync(file, 0o600);
  return missing;
}

/** The value that `.env` gives a name; empty when it gives none. The last line wins, as with Compose. */
export function readVariable(text: string, name: string): string {
  const lines = text.split("\n").filter((line) => line.trimStart().startsWith(`${name}=`));
  return (
    lines
      .at(-1)
      ?.split("=")
      .slice(1)
      .join("=")
      .trim()
      .replace(/^(["'])(.*)\1$/, "$2") ?? ""
  );
}

/** A setting as `docker compose` will see it: the shell's environment, else `.env`, else the default. */
export function settingOf(name: string, fallback: string): string {
  const fromFile = existsSync(ENV_FILE) ? readVariable(readFileSync(ENV_FILE, "utf8"), name) : "";
  return process.env[name] || fromFile || fallback;
}
