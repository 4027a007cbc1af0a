import type { Repository } from "./repository.ts";

const PAGE = "docs/errors.md";

/** The part of an error's definition that its page repeats. */
export interface DocumentedError {
  readonly status: number;
}

/** Every error code has a row in `docs/errors.md` with its HTTP status, and no row names a code that does not exist. */
export function checkErrorDocs(repository: Repository, codes: Readonly<Record<string, DocumentedError>>): string[] {
  const text = repository.read(PAGE);
  if (text === undefined) return [`${PAGE} is missing`];
  const rows = readCodeRows(text);
  const documented = new Map(rows.map((row) => [row.code, row.statuses]));
  return [
    ...Object.entries(codes).flatMap(([code, { status }]) => {
      const statuses = documented.get(code);
      if (statuses === undefined) return [`${PAGE} has no row for ${code}`];
      return statuses.includes(status)
        ? []
        : [`${PAGE} gives ${code} the status ${statuses.join(", ")} instead of ${status}`];
    }),
    ...rows
      .filter((row) => !(row.code in codes))
      .map((row) => `${PAGE} has a row for ${row.code}, which is no error code`),
  ];
}

/** Rows of tables whose first cell names a code and where another cell begins with an HTTP status. */
function readCodeRows(text: string): { code: string; statuses: number[] }[] {
  return text.split("\n").flatMap((line) => {
    if (!line.trimStart().startsWith("|")) return [];
    const [first = "", ...others] = line.split("|").slice(1);
    const statusCell = others.find((cell) => /^\s*`?[1-5]\d\d\b/.test(cell));
    if (statusCell === undefined) return [];
    const statuses = [...statusCell.matchAll(/\b[1-5]\d\d\b/g)].map(([status]) => Number(status));
    return [...first.matchAll(/\b[A-Z]{2,}(?:_[A-Z]+)*\b/g)].map(([code]) => ({ code, statuses }));
  });
}
