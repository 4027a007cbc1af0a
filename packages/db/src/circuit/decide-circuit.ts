/*
 * The circuit of a provider: whether traffic goes there, decided on what all workers have seen of it (architecture.md 5.6).
 *
 * closed:    all traffic. Left for open when half of the calls of the last 30 s have failed, and there were 20.
 * open:      no traffic. Left for half-open when its time is over: 30 s, twice as long with each opening in a row.
 * half-open: step 0 lets through one call at a time, steps 1 to 3 a growing share of the calls. A step is passed when
 *            enough of its calls have succeeded, the last one to closed. A failed probe, or half of a step's calls failed,
 *            and there were 5: open again.
 *
 * Trade: a provider that gets fewer than 20 calls in 30 s is never given up. Its messages go on by failover, and so few
 * calls do not tell an outage from bad luck.
 */

export const CIRCUIT_STATES = ["closed", "open", "half_open"] as const;
export type CircuitState = (typeof CIRCUIT_STATES)[number];

/** Where a circuit is. */
export interface CircuitPosition {
  readonly state: CircuitState;
  /** While it is half-open: its place in `CIRCUIT_SHARES`. 0 otherwise. */
  readonly step: number;
  /** How often it has opened since it was last closed. */
  readonly openings: number;
}

/** Calls that tell something about the provider, and those of them that failed. */
export interface CallCounts {
  readonly calls: number;
  readonly failures: number;
}

/** A change of a circuit, with its reason. */
export interface CircuitDecision {
  readonly to: CircuitPosition;
  /** How long it stays open, in ms; null when it does not. */
  readonly openForMs: number | null;
  readonly reason: CircuitReason;
}

export type CircuitReason =
  | "failures"
  | "probe_failed"
  | "step_failed"
  | "time_is_over"
  | "probes_succeeded"
  | "step_succeeded";

/** How much goes to a half-open provider, by step: of its calls in flight, and of the messages planned. 0: one at a time. */
export const CIRCUIT_SHARES = [0, 1 / 8, 1 / 4, 1 / 2] as const;

/** How far back the calls of a closed circuit count, in ms. */
export const CALLS_WINDOW_MS = 30_000;

const OPENS_AT_FAILED_SHARE = 0.5;
const OPENS_AT_CALLS = 20;
const STEP_FAILS_AT_CALLS = 5;
/** Probes go one by one and may last 10 s each: few, but one alone could be luck. */
const PROBES_TO_PASS = 3;
/** Twice what a step needs to fail. */
const CALLS_TO_PASS = 10;
const OPEN_FIRST_MS = 30_000;
const OPEN_MAX_MS = 600_000;
/** Up to a fifth longer, so that providers which fell together do not return together. */
const OPEN_JITTER = 0.2;

/** The longest that a circuit may stay open at a time, in ms: what is longer comes from a clock that was set back. */
export const OPEN_LONGEST_MS = OPEN_MAX_MS * (1 + OPEN_JITTER);

/**
 * What becomes of a circuit now; `null`: it stays. Pure.
 *
 * @param counts of its calls: those of the last 30 s while it is closed, those since its last change while it is half-open.
 * @param openLeftMs how long it still has to stay open; at most 0 when that is over.
 * @param random from 0 to below 1, for the jitter.
 */
export function decideCircuit(
  position: CircuitPosition,
  counts: CallCounts,
  { openLeftMs, random }: { readonly openLeftMs: number; readonly random: number },
): CircuitDecision | null {
  const { state, step } = position;
  if (state === "open") return openLeftMs <= 0 || openLeftMs > OPEN_LONGEST_MS ? halfOpen(position, 0) : null;
  if (state === "closed") return hasFailed(counts, OPENS_AT_CALLS) ? open(position, "failures", random) : null;
  if (step === 0) {
    if (counts.failures > 0) return open(position, "probe_failed", random);
    return counts.calls >= PROBES_TO_PASS ? halfOpen(position, 1) : null;
  }
  if (hasFailed(counts, STEP_FAILS_AT_CALLS)) return open(position, "step_failed", random);
  if (counts.calls < CALLS_TO_PASS) return null;
  return step + 1 < CIRCUIT_SHARES.length ? halfOpen(position, step + 1) : close();
}

function hasFailed({ calls, failures }: CallCounts, callsMin: number): boolean {
  return calls >= callsMin && failures >= calls * OPENS_AT_FAILED_SHARE;
}

function open({ openings }: CircuitPosition, reason: CircuitReason, random: number): CircuitDecision {
  const openForMs = Math.min(OPEN_MAX_MS, OPEN_FIRST_MS * 2 ** openings) * (1 + OPEN_JITTER * random);
  return { to: { state: "open", step: 0, openings: openings + 1 }, openForMs: Math.round(openForMs), reason };
}

function halfOpen({ openings }: CircuitPosition, step: number): CircuitDecision {
  const reason = step === 0 ? "time_is_over" : step === 1 ? "probes_succeeded" : "step_succeeded";
  return { to: { state: "half_open", step, openings }, openForMs: null, reason };
}

function close(): CircuitDecision {
  return { to: { state: "closed", step: 0, openings: 0 }, openForMs: null, reason: "step_succeeded" };
}
