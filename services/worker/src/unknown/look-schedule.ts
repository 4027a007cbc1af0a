/*
 * When an attempt of unknown outcome is looked at (architecture.md 5.6), counted from the time at which its submit was
 * given up. The first look is at once; then ever more seldom, until the message has ended. Beside these, there is a look
 * when the provider's settle time is over, and one when the wait of the policy `wait` is.
 *
 *   look    1   2      3      4      5       6       7        8        9     then
 *   after   0   15 s   30 s   60 s   2 min   5 min   10 min   30 min   1 h   every hour
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LOOKS_MS: readonly number[] = [
  15_000,
  30_000,
  MINUTE_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
];
/** How long the policy `wait` waits for a report before the message is sent once more, in ms. */
export const REPORT_WAIT_MS = 2 * MINUTE_MS;

/**
 * How long until the next look, in ms.
 *
 * @param ageMs time since the submit was given up.
 * @param settleMs how long the provider's search may miss a message; null: it cannot be searched.
 */
export function nextLookMs(ageMs: number, settleMs: number | null): number {
  const looks = settleMs === null ? LOOKS_MS : [...LOOKS_MS, settleMs];
  const next = Math.min(...looks.filter((lookMs) => lookMs > ageMs));
  const hour = (Math.floor(ageMs / HOUR_MS) + 1) * HOUR_MS;
  return Math.min(next, hour) - ageMs;
}
