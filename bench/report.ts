import type { Spread } from "./ask-database.ts";

/** What one measurement found, for people and for programs. */
export interface Report {
  /** The circumstances. */
  readonly about: string;
  readonly lines: readonly (readonly [name: string, found: string])[];
  /** The same as JSON. */
  readonly figures: object;
  /** Set when what was measured did not work as it must; the bench then fails. */
  readonly fault?: string;
}

/** Of the left column, in characters. */
const NAME_WIDTH = 32;

/** A report as a table, with its figures as one line of JSON below. */
export function formatReport(title: string, { about, lines, figures, fault }: Report): string {
  const table = lines.map(([name, found]) => `${name.padEnd(NAME_WIDTH)} ${found}`);
  const end = fault === undefined ? [] : [`FAULT: ${fault}`];
  return [
    "",
    `${title}; ${about}; load generator and every server on the same machine`,
    ...table,
    JSON.stringify(figures),
    ...end,
  ].join("\n");
}

/** `p50 6.1 ms, p99 13.0 ms`. */
export function formatSpread({ p50Ms, p99Ms }: Spread): string {
  return `p50 ${formatMs(p50Ms)}, p99 ${formatMs(p99Ms)}`;
}

/** Milliseconds with one decimal. */
export function formatMs(value: number): string {
  return `${value.toFixed(1)} ms`;
}
