/** Rates count requests, the quota counts messages (api.md section 1, "Limits"). 0 or less means unlimited. */
export interface AdmissionLimits {
  readonly perSecond: number;
  readonly perMinute: number;
  readonly perHour: number;
  readonly dailyQuota: number;
}

export const LIMIT_NAMES = ["per_second", "per_minute", "per_hour", "daily_quota"] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

/** The state of one limit after the request, for the `RateLimit` headers. */
export interface LimitState {
  readonly name: LimitName;
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until it is full again. */
  readonly resetS: number;
}

/** Names one reservation: the idempotency key's hash, or the seed of a request without a key (kept for 60 s). */
export interface ReservationRef {
  readonly clientId: string;
  readonly idempotencyKeyHash: string | null;
  readonly seed: string;
  /** The fence: only who holds the present token may settle, release or abandon. */
  readonly token: string;
}

/**
 * What is kept of an accepted request: small and constant in size, whatever the number of recipients. Ids and body of
 * a replay are rebuilt from it and from the request itself.
 */
export interface Reservation {
  readonly seed: string;
  readonly token: string;
  readonly fingerprint: string;
  readonly count: number;
  /** Milliseconds since 1970; taken from the seed's request. */
  readonly acceptedAtMs: number;
  /** The quota day that was charged, in the client's time zone ("2026-01-31"), and how much. */
  readonly chargedDay: string;
  readonly chargedAmount: number;
  readonly simulated: boolean;
  /** Facts a replay needs and cannot rebuild from the request (kept as given; at most 1 KiB). */
  readonly memo: string;
}

export interface AdmitRequest {
  readonly ref: ReservationRef;
  /** SHA-256 over route and canonical JSON as sent, hex. */
  readonly fingerprint: string;
  /** Messages in this request: what the quota is charged. */
  readonly count: number;
  readonly limits: AdmissionLimits;
  /** Quota day in the client's time zone, and when it ends (milliseconds since 1970). */
  readonly day: string;
  readonly dayEndsAtMs: number;
  readonly acceptedAtMs: number;
  readonly simulated: boolean;
  readonly memo: string;
  /** How long a settled answer is kept, in milliseconds: 24 h, counted from `schedule_at` if there is one; 60 s without a key. */
  readonly keepMs: number;
  /**
   * A refusal was computed beforehand: only what is stored may still be answered (replayed, or taken over, because its
   * ids may be in the queue). Nothing is reserved or charged.
   */
  readonly refused: boolean;
}

export type AdmitAnswer =
  /** Reserved (or taken over, or repeated for the same token): publish the ids of `reservation.seed`. */
  | {
      readonly outcome: "admitted";
      readonly reservation: Reservation;
      readonly takenOver: boolean;
      readonly limits: readonly LimitState[];
    }
  /** Already accepted: answer it again. Costs neither rate nor quota. */
  | { readonly outcome: "replay"; readonly reservation: Reservation }
  | { readonly outcome: "in_progress" }
  | { readonly outcome: "key_reused" }
  /** The precomputed refusal stands. */
  | { readonly outcome: "refused" }
  | {
      readonly outcome: "limited";
      readonly limit: LimitName;
      readonly retryAfterS: number;
      readonly limits: readonly LimitState[];
    };

/** Raised by every call when the store cannot be reached or did not answer in time: for `admit`, publish nothing. */
export class AdmissionUnavailableError extends Error {
  /** The step certainly did not happen: an `admit` leaves nothing to release. Else nobody knows. */
  readonly isUntaken: boolean;

  constructor(message: string, options: { cause?: unknown; isUntaken?: boolean } = {}) {
    super(message, options);
    this.name = "AdmissionUnavailableError";
    this.isUntaken = options.isUntaken ?? false;
  }
}

/**
 * One atomic step per request (architecture.md 5.1). States of a reservation:
 *
 * - *pending*: from `admit` until `settle`. A second request with the key gets `in_progress`; after 30 s it takes over:
 *   new token, same ids, quota not charged again.
 * - *settled*: the answer is fixed; the same fingerprint is a `replay`, another one `key_reused`. Ends after `keepMs`.
 * - *abandoned*: the publish ended unknown; the next request with the key takes over at once.
 * - gone: `release` of a pending one credits the day that was charged and frees the key. One that was taken over is
 *   abandoned instead: an earlier holder's publish may have happened.
 *
 * A `release` that finds nothing of its token fences that token: an `admit` that arrives after its own release (its answer
 * was lost, its bytes lay in a buffer) reserves nothing and answers `in_progress`. `settle` also ends an abandoned one,
 * whose confirm came late. The quota's counter also counts what unlimited clients send.
 *
 * `settle`, `release` and `abandon` do nothing unless the token is still theirs, and may be repeated. Trade: a stalled
 * gateway may lose its reservation, and then its answer is decided by whoever took over; it can never free the key.
 */
export interface Admission {
  /** Order inside: stored answer → refusal → rates → quota → reserve. `admit` with the stored token repeats its answer. */
  admit(request: AdmitRequest): Promise<AdmitAnswer>;
  /** Fixes the answer. Not waited for by the accept path: after a confirm nothing can turn the answer into an error. */
  settle(ref: ReservationRef): Promise<void>;
  /** Takes back a reservation whose publish certainly did not happen: key and quota are free again. */
  release(ref: ReservationRef): Promise<void>;
  /** Marks a reservation whose publish ended unknown: ids and quota stay, the next request may take over at once. */
  abandon(ref: ReservationRef): Promise<void>;
  health(): Promise<{ ok: boolean; detail?: string }>;
  close(): Promise<void>;
}

/** Age at which a pending reservation may be taken over, in milliseconds; far above the publish deadline of 5 s. */
export const TAKE_OVER_AFTER_MS = 30_000;
/** How long the reservation of a request without a key is kept, in milliseconds. */
export const KEYLESS_KEEP_MS = 60_000;
/** How long a settled answer is kept, in milliseconds (api.md: 24 h). */
export const IDEMPOTENCY_KEEP_MS = 24 * 3600 * 1000;
