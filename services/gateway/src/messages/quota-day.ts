const FORMATS = new Map<string, Intl.DateTimeFormat>();
/** Zones remembered; there are about 600 in the world, so this is a guard only. */
const FORMATS_MAX = 1000;
const DAY_MS = 24 * 3600 * 1000;
const MINUTE_MS = 60_000;

/**
 * The quota's day in the client's time zone ("2026-01-31") and when it ends, in milliseconds since 1970. A day may have
 * 23 or 25 hours; its end is found by halving, to the minute, as no zone changes its offset within one.
 */
export function quotaDay(timeZone: string, nowMs: number): { day: string; endsAtMs: number } {
  const day = dayIn(timeZone, nowMs);
  if (timeZone === "UTC") return { day, endsAtMs: (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS };
  let before = Math.floor(nowMs / MINUTE_MS);
  let after = before + 26 * 60;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dayIn(timeZone, middle * MINUTE_MS) === day) before = middle;
    else after = middle;
  }
  return { day, endsAtMs: after * MINUTE_MS };
}

function dayIn(timeZone: string, timeMs: number): string {
  if (timeZone === "UTC") return new Date(timeMs).toISOString().slice(0, 10);
  let format = FORMATS.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
    if (FORMATS.size < FORMATS_MAX) FORMATS.set(timeZone, format);
  }
  return format.format(timeMs);
}
