import { posix } from "node:path";
import { checkManifests } from "./check-manifests.ts";
import type { CheckReport } from "./check-report.ts";
import { checkServiceLayers } from "./check-service-layers.ts";
import { folderOf, type PackageManifest, readManifest } from "./package-manifest.ts";
import { isTest, isTypeScript, type Repository } from "./repository.ts";
import { FENCED_LIBRARIES, OUR_SCOPE, ROOMS, SERVICE_NAMES } from "./room-table.ts";
import { listModuleReferences, type ModuleReference } from "./source-file.ts";

interface ImportSite {
  readonly path: string;
  readonly folder: string;
  readonly test: boolean;
  readonly manifest: PackageManifest | undefined;
}

/** Who may import whom: between packages, inside a service, and to the libraries that one package alone may know. */
export function checkRooms(repository: Repository): CheckReport {
  const findings = [...checkManifests(repository), ...checkServiceLayers(repository)];
  let count = 0;
  for (const path of repository.files.filter(isTypeScript)) {
    const source = repository.source(path);
    if (source.syntaxError !== undefined) findings.push(`${path} does not parse: ${source.syntaxError}`);
    const folder = folderOf(path);
    const site = { path, folder, test: isTest(path), manifest: readManifest(repository, folder) };
    for (const reference of listModuleReferences(source)) {
      count += 1;
      findings.push(...judgeReference(site, reference).map((fault) => `${path}:${reference.line} ${fault}`));
    }
  }
  return { findings, summary: `${count} imports` };
}

function judgeReference(site: ImportSite, reference: ModuleReference): string[] {
  const { specifier } = reference;
  if (specifier.startsWith(".")) return judgeRelative(site, specifier);
  if (specifier.startsWith("node:")) return [];
  if (specifier.startsWith(OUR_SCOPE)) return judgeOurs(site, reference);
  return judgeLibrary(site, reference);
}

function judgeRelative(site: ImportSite, specifier: string): string[] {
  const target = posix.join(posix.dirname(site.path), specifier);
  const into = folderOf(target);
  return into === site.folder
    ? []
    : [`reaches into ${into || "the root"} by path ("${specifier}"): import the package by name`];
}

function judgeOurs(site: ImportSite, reference: ModuleReference): string[] {
  const [name = "", ...deeper] = reference.specifier.slice(OUR_SCOPE.length).split("/");
  if (deeper.length > 0) return [`deep import "${reference.specifier}": a package is imported by its name alone`];
  if (site.manifest?.name === OUR_SCOPE + name) {
    return site.test ? [] : [`imports its own package by name ("${reference.specifier}")`];
  }
  const room = ROOMS[site.folder];
  if (room === undefined) return [`${site.folder} is not in the room table (scripts/check/room-table.ts)`];
  const isService = SERVICE_NAMES.includes(name);
  if (site.test && !isService) return [];
  if (!room.may.includes(name)) return [`${site.folder || "the root"} may not import ${name}`];
  if (isService && site.folder === "services/standalone" && !reference.typeOnly) return judgeWiring(name, reference);
  return [];
}

/** What builds a service, and what that needs: its settings, and for the directory what its providers can do. */
const WIRING_NAMES = /^(build[A-Z]\w*|load[A-Z]\w*Settings|capabilitiesOf)$/;

/** Standalone is only wiring: of a service it may take the function that builds it and what that needs. */
function judgeWiring(name: string, reference: ModuleReference): string[] {
  const others = reference.names.filter((imported) => !WIRING_NAMES.test(imported));
  return others.length === 0
    ? []
    : [`standalone may import only build…, load…Settings and capabilitiesOf of ${name}, not ${others.join(", ")}`];
}

function judgeLibrary(site: ImportSite, reference: ModuleReference): string[] {
  const library = libraryOf(reference.specifier);
  const fence = FENCED_LIBRARIES.find((entry) => entry.matches.test(library));
  const workshop = ROOMS[site.folder]?.workshop === true;
  if (fence !== undefined && fence.owner !== site.folder && !workshop && !site.test) {
    return [`only ${fence.owner} may import ${library}`];
  }
  const { dependencies = {}, devDependencies = {} } = site.manifest ?? {};
  const ships = !site.test && !workshop && /^(packages|services)\/[^/]+\/src\//.test(site.path);
  if (ships && !reference.typeOnly && !(library in dependencies) && library in devDependencies) {
    return [`ships with an import of ${library}, which is only in devDependencies`];
  }
  return [];
}

function libraryOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
