import { posix } from "node:path";
import type { Repository } from "./repository.ts";
import { listModuleReferences } from "./source-file.ts";

const SOURCES = "packages/providers/src";
const REGISTRY = `${SOURCES}/registry.ts`;

/** Every provider's folder has its line in the registry, and every line its folder. */
export function checkProviderRegistry(repository: Repository): string[] {
  if (repository.read(REGISTRY) === undefined) return [`${REGISTRY} is missing: no provider can be found`];
  const inFolders = repository.files.flatMap((path) => folderBelow(path) ?? []);
  const registered = listModuleReferences(repository.source(REGISTRY)).flatMap(
    ({ specifier }) => folderBelow(posix.join(SOURCES, specifier)) ?? [],
  );
  const [folders, lines] = [new Set(inFolders), new Set(registered)];
  return [
    ...[...folders].filter((name) => !lines.has(name)).map((name) => `${SOURCES}/${name} is not in the registry`),
    ...[...lines].filter((name) => !folders.has(name)).map((name) => `${REGISTRY} names ${name}, which has no folder`),
  ];
}

function folderBelow(path: string): string | undefined {
  return path.startsWith(`${SOURCES}/`) ? /^([^/]+)\//.exec(path.slice(SOURCES.length + 1))?.[1] : undefined;
}
