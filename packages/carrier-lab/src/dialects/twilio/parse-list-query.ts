import { createFieldReader } from "./parse-send-form.ts";

const PAGE_SIZE = { default: 50, max: 1000 };
const DAY_MS = 24 * 60 * 60 * 1000;
const SECOND_MS = 1000;
const DATE_FILTERS = ["DateSent", "DateSent<", "DateSent>"] as const;

/** A stretch of time: from `startMs` to just before `endMs`. */
interface Period {
  startMs: number;
  endMs: number;
}

/** Which messages of an account are asked for. */
export interface ListQuery {
  to: string | null;
  from: string | null;
  /** When they were sent; null: also those that have not been sent. */
  sent: Period | null;
  /** The filters as given, for the addresses of other pages. */
  given: ReadonlyMap<string, string>;
  page: number;
  pageSize: number;
  /** The last message of the page before. */
  afterSid: string | null;
}

/**
 * Reads the query of `GET …/Messages.json`. A date names its whole day (UTC), a time its second; `DateSent<` and
 * `DateSent>` include what they name.
 * @returns the name of the first parameter that cannot be read, instead of a query
 */
export function parseListQuery(fields: unknown): ListQuery | { invalidParameter: string } {
  const read = createFieldReader(fields);
  const given = new Map<string, string>();
  for (const name of ["To", "From", ...DATE_FILTERS]) {
    const value = read(name);
    if (value !== null) given.set(name, value);
  }
  const sent: Period = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };
  for (const name of DATE_FILTERS) {
    const value = given.get(name);
    const period = value === undefined ? sent : parsePeriod(value);
    if (period === null) return { invalidParameter: name };
    if (name !== "DateSent<") sent.startMs = Math.max(sent.startMs, period.startMs);
    if (name !== "DateSent>") sent.endMs = Math.min(sent.endMs, period.endMs);
  }
  const pageSize = parseCount(read("PageSize"), PAGE_SIZE.default);
  if (pageSize === null || pageSize < 1) return { invalidParameter: "PageSize" };
  const page = parseCount(read("Page"), 0);
  if (page === null) return { invalidParameter: "Page" };
  return {
    to: read("To"),
    from: read("From"),
    sent: DATE_FILTERS.some((name) => given.has(name)) ? sent : null,
    given,
    page,
    pageSize: Math.min(pageSize, PAGE_SIZE.max),
    // The token is the last sid behind the letters of a page, as it looks at Twilio's.
    afterSid: read("PageToken")?.replace(/^PA/, "") ?? null,
  };
}

function parsePeriod(value: string): Period | null {
  if (!/^\d{4}-\d{2}-\d{2}(T|$)/.test(value)) return null;
  const startMs = Date.parse(value);
  if (Number.isNaN(startMs)) return null;
  return { startMs, endMs: startMs + (value.includes("T") ? SECOND_MS : DAY_MS) };
}

function parseCount(value: string | null, fallback: number): number | null {
  if (value === null) return fallback;
  return /^\d{1,9}$/.test(value) ? Number(value) : null;
}
