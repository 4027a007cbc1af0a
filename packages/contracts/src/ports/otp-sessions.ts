import type { OtpCheckAnswer, OtpCreateAnswer, OtpResendAnswer, OtpSession } from "./otp-answers.ts";

/**
 * Names one code on its way to a handset. All four parts go with every step that changes a session: steps for one number
 * of one client happen one after another, whatever their sessions.
 */
export interface OtpCodeRef {
  readonly clientId: string;
  /** E.164. */
  readonly phoneNumber: string;
  /** A UUIDv7, in any spelling. */
  readonly sessionId: string;
  /** The fence, new for each `create` and `resend`: only who holds the present token may discard that code. */
  readonly token: string;
}

export interface OtpCreateRequest {
  readonly ref: OtpCodeRef;
  /** See `OtpSessions`: 64 hexadecimal characters, never the code. */
  readonly codeHash: string;
  /** How long each code of the session may be used, in milliseconds, by the store's clock. At most a day. */
  readonly lifeMs: number;
  /** Wrong checks after which nothing is right any more: 1 to 100. */
  readonly attemptsMax: number;
  /** How long after each code of the session no further one may be sent to its number, in milliseconds; 0 for none. */
  readonly cooldownMs: number;
  /** What a resend needs to write its text (length, template, expiry, …), as JSON, kept as given; at most 16 384 characters. */
  readonly memo: string;
}

export interface OtpResendRequest {
  readonly ref: OtpCodeRef;
  /** Of the new code. */
  readonly codeHash: string;
}

export interface OtpCheckRequest {
  readonly clientId: string;
  readonly phoneNumber: string;
  /** Null: the session whose code was sent to the number last. */
  readonly sessionId: string | null;
  /** Of the code that the user has typed. */
  readonly codeHash: string;
}

/**
 * Raised by every call when the store cannot be reached or did not answer in time. Whether the step was carried out is
 * unknown: after `create` and `resend` publish nothing and discard; a right code that is checked again may be answered
 * `already_used`.
 */
export class OtpSessionsUnavailableError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "OtpSessionsUnavailableError";
  }
}

/**
 * One-time passwords that wait to be typed in (api.md section 4). States of a session:
 *
 * - *pending*: from `create` until one of the next three.
 * - *verified*: one check had the right code. Of many at once exactly one is answered `verified`, the others
 *   `already_used`.
 * - *exhausted*: `attemptsMax` checks were wrong; each cost exactly one attempt, also in parallel. No code is right any
 *   more, a `resend` is refused.
 * - *expired*: the life of its newest code is over. A `resend` is refused: who comes back so late starts anew.
 * - gone: `keepMs` after `expiresAtMs` (see `OTP_SESSION_KEEP_MS`), whatever the status; or at once when the `create` is
 *   discarded. Until then its end can be told from a session that never was.
 *
 * `resend` replaces the code and starts life and cooldown again; attempts stay. Several sessions of one number may be
 * pending: each can be checked by its id; without an id the one counts whose code was sent last, even when it has ended.
 * The cooldown is that of the code which was sent last to the number, whether by `create` or by `resend`.
 *
 * `discard` takes back a code that was certainly not published: after it everything is as if the `create` (session,
 * cooldown) or the `resend` (code, life, cooldown, which session is the newest) had not been; only wrong checks made
 * meanwhile still count. It does nothing where the token is no longer the session's (a newer code is on its way) or
 * the code has proved to have arrived (verified). A discarded token is dead for ten minutes: a `create` or `resend` that
 * arrives after its own discard (its answer was lost, its bytes lay in a buffer) changes nothing. `create` and `resend`
 * with the session's present token repeat their answer.
 *
 * Codes never reach the store, only HMAC-SHA256(secret of the caller, client + number + code): one who reads the store
 * cannot try the million codes. The store compares two HMACs for plain equality. That leaks nothing through its time:
 * what it could tell is how many leading characters agree, and without the secret nobody can choose a code by the
 * leading characters of its HMAC.
 *
 * Trade: one number's steps wait for each other, so that the rules above hold without exception.
 */
export interface OtpSessions {
  /**
   * @throws TypeError that names the field which is malformed; nothing has reached the store. Also one that names
   * `sessionId` when another number of the client has a session with that id, a fault of the caller that no repetition
   * mends; nothing has changed. Refusals for a discarded token and for the cooldown come before it.
   */
  create(request: OtpCreateRequest): Promise<OtpCreateAnswer>;
  /** @throws TypeError when the hash is malformed. A session of another number is answered `not_found` and loses no attempt. */
  check(request: OtpCheckRequest): Promise<OtpCheckAnswer>;
  /** Refusals in the order used, exhausted, expired, cooldown. @throws TypeError when the hash is malformed. */
  resend(request: OtpResendRequest): Promise<OtpResendAnswer>;
  /** May be repeated. */
  discard(ref: OtpCodeRef): Promise<void>;
  get(clientId: string, sessionId: string): Promise<OtpSession | undefined>;
  health(): Promise<{ ok: boolean; detail?: string }>;
  /** Later calls may reject; the connection underneath is closed by whoever opened it. */
  close(): Promise<void>;
}

/**
 * How long a session can be read after it expired, in milliseconds: 24 h, as long as the answer that named it may be
 * replayed (`IDEMPOTENCY_KEEP_MS`).
 */
export const OTP_SESSION_KEEP_MS = 24 * 3600 * 1000;
/** How long a discarded token is dead, in milliseconds; far above the time that a broken connection's last bytes are under way. */
export const OTP_DISCARDED_KEEP_MS = 600_000;

const DAY_MS = 24 * 3600 * 1000;
/** A code of four digits would be guessed with a chance of 1 in 100. */
const ATTEMPTS_MAX = 100;
/** A custom message of 1600 characters and 4 KiB of metadata, escaped. */
const MEMO_CHARACTERS_MAX = 16_384;

/** @throws TypeError that names the first malformed field of the request. */
export function assertOtpCreateRequest(request: OtpCreateRequest): void {
  assertCodeHash(request.codeHash);
  assertWithin(request, "lifeMs", [1, DAY_MS]);
  assertWithin(request, "attemptsMax", [1, ATTEMPTS_MAX]);
  assertWithin(request, "cooldownMs", [0, DAY_MS]);
  if (request.memo.length > MEMO_CHARACTERS_MAX) {
    throw new TypeError(`memo must have at most ${MEMO_CHARACTERS_MAX} characters`);
  }
}

/** The one spelling under which stores keep a session: UUIDs are equal in any case (RFC 9562, section 4), texts are not. */
export function spellOtpSessionId(sessionId: string): string {
  return sessionId.toLowerCase();
}

/**
 * Keeps a code that was forgotten to be hashed out of the store.
 * @throws TypeError that does not repeat what was given.
 */
export function assertCodeHash(codeHash: string): void {
  if (!/^[0-9a-f]{64}$/.test(codeHash)) throw new TypeError("codeHash must be 64 lower-case hexadecimal characters");
}

function assertWithin(
  request: OtpCreateRequest,
  field: "lifeMs" | "attemptsMax" | "cooldownMs",
  [min, max]: readonly [number, number],
): void {
  const value = request[field];
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new TypeError(`${field} must be a whole number from ${min} to ${max}`);
  }
}
