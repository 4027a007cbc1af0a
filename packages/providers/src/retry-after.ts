/** A day. Longer waits, meant or not, would outlive most messages; who must wait longer is told so again. */
const WAIT_MAX_MS = 86_400_000;

/**
 * Reads an HTTP `Retry-After` (RFC 9110, 10.2.3): seconds, or a date, which counts from `nowMs` and is 0 once past.
 * @returns the wait in ms, a day at most; undefined where there is none or it cannot be read
 */
export function readRetryAfterMs(header: string | string[] | undefined, nowMs: number): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (value === undefined) return undefined;
  // Some vendors send fractions of seconds, which the RFC does not know.
  if (/^\d+(\.\d+)?$/.test(value)) return boundWait(Number(value) * 1000);
  // All three date forms of the RFC begin with the day's name; Date.parse alone would take nearly anything.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value)) return undefined;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : boundWait(atMs - nowMs);
}

function boundWait(waitMs: number): number {
  return Math.min(WAIT_MAX_MS, Math.max(0, Math.ceil(waitMs)));
}
