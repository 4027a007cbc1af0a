import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { listAnchors, readMarkdownLines, removeInlineCode } from "./markdown.ts";
import type { Repository } from "./repository.ts";

/** Links between pages, to files and to headings lead somewhere. Addresses of the web are not followed. */
export function checkLinks(repository: Repository): string[] {
  return repository.files
    .filter((path) => path.endsWith(".md"))
    .flatMap((path) =>
      readMarkdownLines(repository.read(path) ?? "")
        .filter(({ fenced }) => !fenced)
        .flatMap(({ text, line }) =>
          listLinks(removeInlineCode(text))
            .filter((link) => leadsNowhere(repository, path, link))
            .map((link) => `${path}:${line} links to ${link}, which does not exist`),
        ),
    );
}

function listLinks(text: string): string[] {
  const inline = [...text.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)];
  const defined = [...text.matchAll(/^\s*\[[^\]]+\]:\s+<?(\S+?)>?\s*$/g)];
  return [...inline, ...defined]
    .flatMap((found) => found[1] ?? [])
    .filter((link) => !/^([a-z][a-z+.-]*:|\/\/)/i.test(link));
}

function leadsNowhere(repository: Repository, page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : posix.join(posix.dirname(page), decodeURIComponent(path)).replace(/\/$/, "");
  const text = repository.read(target);
  const isFolder = repository.files.some((file) => file.startsWith(`${target}/`)) || target === ".";
  if (text === undefined && !isFolder && !existsSync(join(repository.root, target))) return true;
  return anchor !== undefined && target.endsWith(".md") && !listAnchors(text ?? "").has(anchor);
}
