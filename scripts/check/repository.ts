import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseSource, type SourceFile } from "./source-file.ts";

/** The files that a check looks at. Paths are relative to `root` and use forward slashes. */
export interface Repository {
  readonly root: string;
  readonly files: readonly string[];
  /** Text of a file, `undefined` when there is no such file or it is not text. */
  read(path: string): string | undefined;
  /** A TypeScript file as a syntax tree, parsed once. */
  source(path: string): SourceFile;
}

/** Opens a working copy: every file that git tracks or would track, so that ignored output is never judged. */
export async function openRepository(root: string): Promise<Repository> {
  const listed = await promisify(execFile)("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
    timeout: 30_000,
  });
  const files = [...new Set(listed.stdout.split("\0"))].filter((path) => path !== "" && existsSync(join(root, path)));
  return makeRepository(root, files.sort(), (path) => {
    const full = join(root, path);
    return statSync(full, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(full, "utf8") : undefined;
  });
}

/** A repository that lives in memory only, for the checks' own tests. */
export function repositoryOf(texts: Readonly<Record<string, string>>): Repository {
  return makeRepository("/repository", Object.keys(texts).sort(), (path) => texts[path]);
}

function makeRepository(root: string, files: string[], readText: (path: string) => string | undefined): Repository {
  const texts = new Map<string, string | undefined>();
  const sources = new Map<string, SourceFile>();
  const read = (path: string): string | undefined => {
    if (!texts.has(path)) {
      const text = readText(path);
      texts.set(path, text?.includes("\0") ? undefined : text);
    }
    return texts.get(path);
  };
  const source = (path: string): SourceFile => {
    const parsed = sources.get(path) ?? parseSource(path, read(path) ?? "");
    sources.set(path, parsed);
    return parsed;
  };
  return { root, files, read, source };
}

export function isTypeScript(path: string): boolean {
  return /\.tsx?$/.test(path) && !path.endsWith(".d.ts") && !/(^|\/)generated\//.test(path);
}

/** Code that proves and never ships: unit tests, integration tests, whole-product tests. */
export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || /(^|\/)(test|e2e)\//.test(path);
}
