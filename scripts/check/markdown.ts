/** A line of Markdown with what kind of text it is. */
export interface MarkdownLine {
  readonly text: string;
  readonly line: number;
  readonly fenced: boolean;
}

/** Splits a page into lines and tells which stand in fenced or indented code. */
export function readMarkdownLines(text: string): MarkdownLine[] {
  let fence = "";
  return text.split("\n").map((content, index) => {
    const mark = /^\s*(```+|~~~+)/.exec(content)?.[1] ?? "";
    const inside = fence !== "";
    if (!inside) fence = mark;
    else if (mark.startsWith(fence)) fence = "";
    const indented = /^( {4}|\t)\S/.test(content);
    return { text: content, line: index + 1, fenced: inside || mark !== "" || indented };
  });
}

/** Inline code of a line, without its backticks. */
export function listInlineCode(text: string): string[] {
  return [...text.matchAll(/(`+)(.+?)\1/g)].flatMap((found) => found[2] ?? []);
}

export function removeInlineCode(text: string): string {
  return text.replace(/(`+).+?\1/g, "");
}

/** The anchors of a page's headings, as GitHub makes them: repeated ones are numbered. */
export function listAnchors(text: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const { text: content, fenced } of readMarkdownLines(text)) {
    const title = fenced ? undefined : /^#{1,6}\s+(.*?)\s*#*$/.exec(content)?.[1];
    if (title === undefined) continue;
    const slug = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}
