import { posix } from "node:path";
import { listWorkspaceFolders, type PackageManifest, readField, readManifest } from "./package-manifest.ts";
import type { Repository } from "./repository.ts";
import { FENCED_LIBRARIES, OUR_SCOPE, ROOMS, SERVICE_NAMES, TEST_ONLY_NAMES } from "./room-table.ts";

/**
 * What the manifests promise: dependencies within the room table, versions only from the workspace and its catalog,
 * and build references that follow the dependencies (a missing one would build against stale output).
 */
export function checkManifests(repository: Repository): string[] {
  const manifests = listWorkspaceFolders(repository).flatMap((folder) => readManifest(repository, folder) ?? []);
  const folders = new Map(manifests.map((manifest) => [manifest.name, manifest.folder]));
  return manifests.flatMap((manifest) => [
    ...checkVersions(manifest),
    ...checkDependencies(manifest),
    ...checkBuildReferences(repository, manifest, folders),
  ]);
}

function checkVersions(manifest: PackageManifest): string[] {
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.otherDependencies };
  return Object.entries(all).flatMap(([name, version]) => {
    const wanted = name.startsWith(OUR_SCOPE) ? "workspace:*" : "catalog:";
    return version === wanted ? [] : [`${manifest.path} ${name} is "${version}" and must be "${wanted}"`];
  });
}

function checkDependencies(manifest: PackageManifest): string[] {
  const room = ROOMS[manifest.folder];
  if (room === undefined) return [`${manifest.folder} is not in the room table (scripts/check/room-table.ts)`];
  const shipped = Object.keys(manifest.dependencies).flatMap((name) => {
    if (name.startsWith(OUR_SCOPE)) {
      const short = name.slice(OUR_SCOPE.length);
      return room.may.includes(short) ? [] : [`${manifest.path} may not depend on ${name}`];
    }
    const fence = FENCED_LIBRARIES.find((entry) => entry.matches.test(name));
    if (fence === undefined || fence.owner === manifest.folder || room.workshop === true) return [];
    return [`${manifest.path} may not depend on ${name}: only ${fence.owner} may`];
  });
  const forTests = Object.keys(manifest.devDependencies).flatMap((name) => {
    const short = name.slice(OUR_SCOPE.length);
    const refused = name.startsWith(OUR_SCOPE) && SERVICE_NAMES.includes(short) && !room.may.includes(short);
    return refused ? [`${manifest.path} may not depend on the service ${name}, not even in tests`] : [];
  });
  const misplaced = TEST_ONLY_NAMES.filter(
    (name) => room.workshop !== true && `${OUR_SCOPE}${name}` in manifest.dependencies,
  );
  return [...shipped, ...forTests, ...misplaced.map((name) => `${manifest.path} ${name} belongs in devDependencies`)];
}

function checkBuildReferences(
  repository: Repository,
  manifest: PackageManifest,
  folders: ReadonlyMap<string, string>,
): string[] {
  const path = posix.join(manifest.folder, "tsconfig.json");
  const text = repository.read(path);
  if (text === undefined) return [];
  const listed = readField(JSON.parse(text), "references");
  const references = (Array.isArray(listed) ? listed : []).map((entry: unknown) =>
    posix.join(manifest.folder, String(readField(entry, "path"))),
  );
  // The root builds everything that has a build of its own.
  const wanted =
    manifest.folder === ""
      ? [...folders.values()].filter(
          (folder) => folder !== "" && repository.read(`${folder}/tsconfig.json`) !== undefined,
        )
      : Object.keys(manifest.dependencies).flatMap((name) => folders.get(name) ?? []);
  return [
    ...wanted
      .filter((folder) => !references.includes(folder))
      .map((folder) => `${path} lacks a reference to ${folder}`),
    ...references
      .filter((folder) => !wanted.includes(folder))
      .map((folder) => `${path} references ${folder}, which it does not build on`),
  ];
}
