import type { CheckReport } from "./check-report.ts";
import { listWorkspaceFolders } from "./package-manifest.ts";
import { isTest, isTypeScript, type Repository } from "./repository.ts";
import { listNamedFunctions, placeOf, type SourceFile, visit } from "./source-file.ts";

/** Names that tell nothing about what is inside; small shared code is named by its topic. */
const EMPTY_NAMES = /(^|-)(utils?|helpers?|common|shared|misc|core|lib)$/;
const EMPTY_VERBS = /^(handle|process|manage|do)([A-Z]|$)/;
const OPEN_TASK = /\b(TODO|FIXME|XXX)\b/;

/** Names of files, folders, functions and tests; purpose lines of folders; open tasks without an issue. */
export function checkNames(repository: Repository): CheckReport {
  const typescript = repository.files.filter(isTypeScript);
  return {
    findings: [
      ...checkPaths(repository.files),
      ...checkTestPlaces(typescript),
      ...checkPurposes(repository),
      ...typescript.flatMap((path) => checkOpenTasks(repository.source(path))),
      ...repository.files.filter(isScript).flatMap((path) => checkScriptTasks(path, repository.read(path) ?? "")),
      ...typescript.filter((path) => !isTest(path)).flatMap((path) => checkVerbs(repository.source(path))),
      ...typescript.filter(isTest).flatMap((path) => checkTestNames(repository.source(path))),
    ],
  };
}

function checkPaths(files: readonly string[]): string[] {
  const named = new Set<string>();
  for (const path of files) {
    const parts = path.split("/");
    parts.forEach((part, index) => {
      if (EMPTY_NAMES.test(part.replace(/\..*$/, ""))) named.add(parts.slice(0, index + 1).join("/"));
    });
  }
  return [...named].map((path) => `${path} is named after nothing: name it by its topic`);
}

/** Unit tests stand beside the source; tests that need servers are in `test/` and say so in their name. */
function checkTestPlaces(files: readonly string[]): string[] {
  return files.flatMap((path) => {
    if (path.startsWith("e2e/")) return [];
    const inTestFolder = /^(packages|services)\/[^/]+\/test\//.test(path);
    if (path.endsWith(".int.test.ts") && !inTestFolder)
      return [`${path} needs servers: it belongs in the package's test/`];
    const unit = path.endsWith(".test.ts") && !path.endsWith(".int.test.ts");
    return unit && inTestFolder
      ? [`${path} needs no servers: it belongs beside its source (else call it .int.test.ts)`]
      : [];
  });
}

function checkPurposes(repository: Repository): string[] {
  const pages = ["ARCHITECTURE.md", "README.md"];
  const text = pages.map((page) => repository.read(page) ?? "").join("\n");
  if (text.trim() === "") return [`neither ${pages.join(" nor ")} exists: no folder has its purpose line`];
  const described = listDescribedFolders(text);
  return listWorkspaceFolders(repository)
    .filter((folder) => folder !== "" && !described.has(folder))
    .map((folder) => `${folder} has no purpose line in ${pages.join(" or ")}`);
}

/** A purpose line names the folder and says at least three words more; a tree gives the outer folder by its indent. */
function listDescribedFolders(text: string): Set<string> {
  const described = new Set<string>();
  let outer = "";
  for (const line of text.split("\n")) {
    const opened = /^[\s│├└─]*`?(packages|services)\/`?(\s|$)/.exec(line);
    if (opened?.[1] !== undefined) outer = `${opened[1]}/`;
    for (const [, folder = ""] of line.matchAll(
      /(?<![\w./-])((?:packages|services)\/[a-z][a-z-]*|e2e|bench|chaos|scripts)(?![\w.-])/g,
    )) {
      if (countWords(line) >= 4) described.add(folder);
    }
    const inTree = /^[\s│├└─]+`?([a-z][a-z-]*)\/`?\s+\S/.exec(line);
    if (inTree?.[1] !== undefined && countWords(line) >= 4) described.add(outer + inTree[1]);
  }
  return described;
}

function countWords(line: string): number {
  return line.match(/[A-Za-z][\w'./-]*/g)?.length ?? 0;
}

function isScript(path: string): boolean {
  return /\.(sql|lua|sh|ya?ml|toml|prisma)$|(^|\/)(Makefile|Dockerfile)/.test(path) && !path.endsWith("pnpm-lock.yaml");
}

function checkOpenTasks(source: SourceFile): string[] {
  return source.comments
    .filter((comment) => OPEN_TASK.test(comment.value) && !/#\d+/.test(comment.value))
    .map((comment) => `${placeOf(source, comment)} leaves an open task without an issue number`);
}

function checkScriptTasks(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const open = OPEN_TASK.test(line) && !/#\d+/.test(line);
    return open ? [`${path}:${index + 1} leaves an open task without an issue number`] : [];
  });
}

function checkVerbs(source: SourceFile): string[] {
  return listNamedFunctions(source)
    .filter((named) => EMPTY_VERBS.test(named.name))
    .map((named) => `${named.place} ${named.name}: use a verb of the domain`);
}

function checkTestNames(source: SourceFile): string[] {
  const findings: string[] = [];
  visit(source, {
    CallExpression(node) {
      const [name] = node.arguments;
      if (node.callee.type !== "Identifier" || !/^(it|test|describe)$/.test(node.callee.name)) return;
      if (name?.type !== "Literal" || typeof name.value !== "string" || !/\bshould\b/.test(name.value)) return;
      findings.push(`${placeOf(source, node)} "${name.value}": a test name is a fact, without "should"`);
    },
  });
  return findings;
}
