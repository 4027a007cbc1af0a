import { nameAlike, type RouteResult } from "./findings.ts";
import type { FuzzResult } from "./run-fuzz.ts";

const HEADS = ["route", "requests", "2xx", "3xx", "4xx", "503", "5xx", "none", "slowest ms", "findings"] as const;

/** One line per route, as Markdown, which reads well in a terminal too. */
export function formatRoutes(routes: readonly RouteResult[]): string {
  const rows = [HEADS, HEADS.map(() => "---"), ...routes.map(toRow)];
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows
    .map((row) => `| ${row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join(" | ")} |`)
    .join("\n");
}

function toRow({ route, requests, byClass, slowestMs, findings }: RouteResult): string[] {
  const classes = ["2xx", "3xx", "4xx", "503", "5xx", "none"].map((name) => `${byClass[name] ?? 0}`);
  return [route, `${requests}`, ...classes, slowestMs.toFixed(0), `${findings.length}`];
}

function pad(cell: string, width: number, column: number): string {
  if (cell === "---") return "-".repeat(width);
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** Each finding with how to make its first request again. What is alike on several routes is one. */
export function listFindings({ shape, seed, routes, problems }: FuzzResult): string[] {
  const all = routes.flatMap(({ route, findings }) => findings.map((finding) => ({ route, ...finding })));
  const alike = new Map<string, typeof all>();
  for (const finding of all) {
    const name = nameAlike(finding.kind, finding.detail);
    alike.set(name, [...(alike.get(name) ?? []), finding]);
  }
  const lines = [...alike.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const times = same.reduce((sum, finding) => sum + finding.times, 0);
    const replay = `--shape ${shape} --seed ${seed} ${first.replay}`;
    const names = same.map(({ route }) => route).join(", ");
    return [`${first.kind}, ${times} times: ${first.detail}\n    first ${first.request}: ${replay}\n    on ${names}`];
  });
  return [...problems, ...lines];
}
