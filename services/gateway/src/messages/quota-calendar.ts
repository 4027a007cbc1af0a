/** The quota's day in a time zone. */
export interface QuotaDay {
  /** As "2026-01-31". */
  readonly day: string;
  /** When it ends, in milliseconds since 1970. */
  readonly endsAtMs: number;
}

interface Zone {
  /** undefined: a name that this machine does not know. */
  readonly format: Intl.DateTimeFormat | undefined;
  /** The day that was found last, and from when on it is known to hold. */
  latest: QuotaDay & { readonly fromMs: number };
}

const DAY_MS = 24 * 3600 * 1000;
const MINUTE_MS = 60_000;
/** More than the longest day of any zone, in minutes: 25 hours where summer time ends. */
const DAY_MINUTES_MAX = 26 * 60;
/** There are about 600 zones in the world, so this is a guard only. */
const ZONES_MAX = 1000;

/** Gives the quota's day at a time (milliseconds since 1970) in a client's time zone. */
export type QuotaCalendar = (timeZone: string, nowMs: number) => QuotaDay;

/**
 * Makes a calendar, which remembers each zone's present day. A day may have 23 or 25 hours; its end is found by halving,
 * to the minute, as no zone changes its offset within one. A zone that this machine does not know counts as UTC: rather
 * a quota that begins at the wrong hour than a client that cannot send.
 */
export function createQuotaCalendar(): QuotaCalendar {
  const zones = new Map<string, Zone>();

  const openZone = (timeZone: string): Zone => {
    const zone: Zone = { format: makeFormat(timeZone), latest: { day: "", fromMs: 0, endsAtMs: 0 } };
    if (zones.size < ZONES_MAX) zones.set(timeZone, zone);
    return zone;
  };

  return (timeZone, nowMs) => {
    if (timeZone === "UTC") return utcDay(nowMs);
    const zone = zones.get(timeZone) ?? openZone(timeZone);
    if (zone.format === undefined) return utcDay(nowMs);
    if (nowMs < zone.latest.fromMs || nowMs >= zone.latest.endsAtMs) {
      zone.latest = { ...findDay(zone.format, nowMs), fromMs: nowMs };
    }
    return zone.latest;
  };
}

function utcDay(nowMs: number): QuotaDay {
  return { day: new Date(nowMs).toISOString().slice(0, 10), endsAtMs: (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS };
}

function makeFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function findDay(format: Intl.DateTimeFormat, nowMs: number): QuotaDay {
  const day = format.format(nowMs);
  let inside = Math.floor(nowMs / MINUTE_MS);
  let beyond = inside + DAY_MINUTES_MAX;
  while (beyond - inside > 1) {
    const middle = Math.floor((inside + beyond) / 2);
    if (format.format(middle * MINUTE_MS) === day) inside = middle;
    else beyond = middle;
  }
  return { day, endsAtMs: beyond * MINUTE_MS };
}
