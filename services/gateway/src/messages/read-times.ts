import type { SendRequest } from "@sms-gateway/contracts";
import type { ReportProblem, SendForm } from "./send-form.ts";

type Times = Pick<SendForm, "scheduleAtMs" | "expireAtMs" | "ttlSeconds">;
type TimeFields = Partial<Pick<SendRequest, "schedule_at" | "expire_at" | "ttl_seconds">>;

/** Reads the times of a request as given; what depends on the clock is decided by `findRefusal`. */
export function readTimes(fields: TimeFields, report: ReportProblem): Times {
  const scheduleAtMs = readTime("/schedule_at", fields.schedule_at, report);
  const expireAtMs = readTime("/expire_at", fields.expire_at, report);
  const ttlSeconds = fields.ttl_seconds ?? null;
  if (expireAtMs !== null && ttlSeconds !== null) {
    report("/ttl_seconds", "give either expire_at or ttl_seconds, not both");
  }
  if (expireAtMs !== null && scheduleAtMs !== null && expireAtMs <= scheduleAtMs) {
    report("/expire_at", "must be after schedule_at");
  }
  return { scheduleAtMs, expireAtMs, ttlSeconds };
}

// A date with time and zone; without a zone the answer would depend on the server's.
const ISO_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/i;

function readTime(path: string, written: string | null | undefined, report: ReportProblem): number | null {
  if (written === null || written === undefined) return null;
  const [, day = "", minute = "", second = ":00", fraction = "", zone = ""] = ISO_TIME.exec(written) ?? [];
  const time = Date.parse(
    `${day}T${minute}${second}${fraction}${zone.toUpperCase().replace(/^(...)(\d\d)$/, "$1:$2")}`,
  );
  if (!Number.isNaN(time) && isCalendarDay(day)) return time;
  report(path, "must be an ISO 8601 time with its zone, like 2026-01-31T10:00:00Z");
  return null;
}

/** `Date.parse` takes the 30th of February for the 1st of March. */
function isCalendarDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}
