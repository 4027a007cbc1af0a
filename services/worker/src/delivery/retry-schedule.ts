import type { SmsType } from "@sms-gateway/contracts";

/*
 * When a message that no provider took is tried again (architecture.md 5.6).
 *
 * A round asks every suitable provider once, one directly after the other. When the last of them says "try later", the
 * next round waits: exponential with full jitter, so that what failed together does not come back together.
 *
 *   after round   1     2      3      4      5      6        7        8        9        10
 *   waits up to   5 s   10 s   20 s   40 s   80 s   2:40 min 5:20 min 10 min   10 min   no more: RETRIES_EXHAUSTED
 */

/** Longest wait after the first round, in ms: long enough for a throttled provider to recover, short enough for a code. */
const FIRST_WAIT_MAX_MS = 5_000;
/** Longest wait after any round, in ms: a provider that was down for an hour is found again within ten minutes. */
const WAIT_MAX_MS = 600_000;
/** Rounds after which a message ends as failed; the nine waits between them add up to 31 minutes at most, half of that on average. */
export const ROUNDS_MAX = 10;

/**
 * How often a message is sent once more although an earlier attempt may have arrived, by class: so many attempts, and one,
 * may reach the handset. A code or an alert that is lost costs more than a third copy, and with two resends three providers
 * have been asked, which are not all down at once; other messages are worth one. What certainly did not arrive does not
 * count. After that it is waited for, and searched, until the deadline.
 */
export const RESENDS_MAX: Readonly<Record<SmsType, number>> = {
  otp: 2,
  alert: 2,
  transactional: 1,
  promotional: 1,
  marketing: 1,
};

/**
 * How long the next round waits after `round` (1 is the first) has found nobody, in ms.
 *
 * @param minimumMs what a provider asked for (`Retry-After`, as long as it is held for it); never undercut.
 * @param random from 0 to below 1.
 */
export function nextRoundDelayMs(round: number, minimumMs: number, random: () => number): number {
  const waitMaxMs = Math.min(WAIT_MAX_MS, FIRST_WAIT_MAX_MS * 2 ** (round - 1));
  return Math.max(minimumMs, Math.round(random() * waitMaxMs));
}
