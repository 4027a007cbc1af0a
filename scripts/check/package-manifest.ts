import type { Repository } from "./repository.ts";

/** The parts of a `package.json` that the checks read. */
export interface PackageManifest {
  readonly folder: string;
  readonly path: string;
  readonly name: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  /** Optional and peer dependencies. */
  readonly otherDependencies: Readonly<Record<string, string>>;
}

/** Folders of the workspace, the root as "". */
export function listWorkspaceFolders({ files }: Repository): string[] {
  return files
    .filter((path) => /^((packages|services)\/[^/]+\/|[^/]+\/)?package\.json$/.test(path))
    .map((path) => path.replace(/\/?package\.json$/, ""));
}

/** The workspace folder a file belongs to: the longest that holds it. */
export function folderOf(path: string): string {
  const parts = path.split("/");
  if (parts[0] === "packages" || parts[0] === "services") return parts.slice(0, 2).join("/");
  return parts.length > 1 ? (parts[0] ?? "") : "";
}

/** Reads a folder's manifest; `undefined` when it has none. Throws when it is not a JSON object. */
export function readManifest(repository: Repository, folder: string): PackageManifest | undefined {
  const path = folder === "" ? "package.json" : `${folder}/package.json`;
  const text = repository.read(path);
  if (text === undefined) return undefined;
  const json: unknown = JSON.parse(text);
  return {
    folder,
    path,
    name: String(readField(json, "name") ?? ""),
    scripts: readTexts(readField(json, "scripts")),
    dependencies: readTexts(readField(json, "dependencies")),
    devDependencies: readTexts(readField(json, "devDependencies")),
    otherDependencies: {
      ...readTexts(readField(json, "optionalDependencies")),
      ...readTexts(readField(json, "peerDependencies")),
    },
  };
}

/** A field of something that came out of `JSON.parse`. */
export function readField(json: unknown, name: string): unknown {
  return typeof json === "object" && json !== null
    ? Object.entries(json).find(([key]) => key === name)?.[1]
    : undefined;
}

function readTexts(json: unknown): Record<string, string> {
  if (typeof json !== "object" || json === null) return {};
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, String(value)]));
}
