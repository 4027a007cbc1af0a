import type { ScenarioResult } from "../run-scenario.ts";

const HEADS = [
  "scenario",
  "seed",
  "offered",
  "accepted",
  "delivered",
  "other ends",
  "lost",
  "doubled",
  "explained doubles",
  "unknown",
  "refused",
  "unanswered",
  "problems",
  "recovery s",
] as const;

/** One line per run, as Markdown, which reads well in a terminal too. */
export function formatTable(results: readonly ScenarioResult[]): string {
  const rows = [HEADS, HEADS.map(() => "---"), ...results.map(toRow)];
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => pad(String(cell), widths[column] ?? 0, column)).join(" | "),
  );
  return lines.map((line) => `| ${line} |`).join("\n");
}

function toRow(result: ScenarioResult): readonly string[] {
  const { scenario, seed, offered, accepted, delivered, otherEnds, explainedDoubles, unknown } = result;
  const ends = Object.entries(otherEnds).map(([state, count]) => `${count} ${state}`);
  const count = (kind: string) => result.faults.filter((fault) => fault.kind === kind).length;
  return [
    scenario,
    `${seed}`,
    `${offered}`,
    `${accepted}`,
    `${delivered}`,
    ends.join(", ") || "0",
    `${count("lost")}`,
    `${count("doubled")}`,
    `${explainedDoubles}`,
    `${unknown}`,
    `${result.refused}`,
    `${result.unanswered}`,
    `${result.problems.length}`,
    formatRecovery(result.disturbances.map(({ recoveryS }) => recoveryS)),
  ];
}

/** Median and maximum. */
function formatRecovery(times: readonly (number | undefined)[]): string {
  if (times.length === 0) return "–";
  const sorted = times.map((time) => time ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const longest = sorted.at(-1) ?? 0;
  return sorted.length === 1 ? formatS(longest) : `${formatS(median)}, at most ${formatS(longest)}`;
}

function formatS(seconds: number): string {
  return Number.isFinite(seconds) ? seconds.toFixed(1) : "never";
}

/** Text to the left, numbers to the right. */
function pad(cell: string, width: number, column: number): string {
  if (cell === "---") return "-".repeat(width);
  return column === 0 || HEADS[column] === "other ends" ? cell.padEnd(width) : cell.padStart(width);
}
