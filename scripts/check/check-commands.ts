import { posix } from "node:path";
import { listInlineCode, readMarkdownLines } from "./markdown.ts";
import type { Repository } from "./repository.ts";

/** Commands in the pages exist: `make` targets in the Makefile, files that `tsx`, `node` or `bash` is told to run. */
export function checkCommands(repository: Repository): string[] {
  const makefile = repository.read("Makefile");
  const targets = makefile === undefined ? undefined : listTargets(makefile);
  const findings = listCommands(repository).flatMap(({ place, command }) => [
    ...missingTargets(command, targets).map((target) => `${place} tells to run "make ${target}", which is no target`),
    ...missingFiles(repository, command).map((file) => `${place} tells to run ${file}, which does not exist`),
  ]);
  return makefile === undefined
    ? ["Makefile is missing: no target in the pages can be compared", ...findings]
    : findings;
}

function listCommands(repository: Repository): { place: string; command: string }[] {
  return repository.files
    .filter((path) => path.endsWith(".md"))
    .flatMap((path) =>
      readMarkdownLines(repository.read(path) ?? "").flatMap(({ text, line, fenced }) => {
        const commands = fenced ? [text.trim().replace(/\s#\s.*$/, "")] : listInlineCode(text);
        return commands
          .flatMap((code) => code.split(/&&|\|\||;|\|/))
          .map((part) => ({ place: `${path}:${line}`, command: part.trim() }));
      }),
    );
}

/** Targets are the words before a single colon; `%` stands for anything. */
function listTargets(makefile: string): RegExp[] {
  return makefile.split("\n").flatMap((line) => {
    const names = /^([A-Za-z][\w%. -]*?)\s*::?(?!=)/.exec(line)?.[1];
    return (names?.split(/\s+/) ?? []).map(
      (name) => new RegExp(`^${name.replaceAll(".", "\\.").replaceAll("%", ".+")}$`),
    );
  });
}

function missingTargets(command: string, targets: readonly RegExp[] | undefined): string[] {
  const words = /^(?:\$ )?(?:[A-Z_]+=\S+ )*make((?: .*)?)$/.exec(command)?.[1];
  if (words === undefined || targets === undefined) return [];
  // What is quoted is a value; a quote that the split has left open runs to the end.
  const goals = words.replace(/'[^']*('|$)|"[^"]*("|$)/g, "").split(/\s+--\s+/)[0] ?? "";
  const named = goals
    .trim()
    .split(/\s+/)
    .filter((word) => /^[a-z][\w.-]*$/.test(word));
  return named.filter((name) => !targets.some((target) => target.test(name)));
}

function missingFiles(repository: Repository, command: string): string[] {
  const file =
    /^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npx )?(?:tsx|node|bash|sh) (?:--?\S+ )*([\w./-]+\.(?:ts|js|mjs|sh))\b/.exec(
      command,
    )?.[1];
  if (file === undefined || file.includes("dist/") || file.startsWith("/")) return [];
  return repository.files.includes(posix.normalize(file)) ? [] : [file];
}
