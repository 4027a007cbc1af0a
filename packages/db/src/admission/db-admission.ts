import {
  type Admission,
  AdmissionUnavailableError,
  type AdmitAnswer,
  type AdmitRequest,
  type LimitName,
  type LimitState,
  type Reservation,
  type ReservationRef,
  TAKE_OVER_AFTER_MS,
} from "@sms-gateway/contracts";
import type pg from "pg";
import { askWithin, NotSentError } from "../ask-within.ts";
import type { Database } from "../connections.ts";
import { DatabaseUnavailableError, toDatabaseError } from "../database-errors.ts";
import { ABANDON_RESERVATION } from "../sql/abandon-reservation.ts";
import { ADMIT_REQUEST } from "../sql/admit-request.ts";
import { RELEASE_RESERVATION } from "../sql/release-reservation.ts";
import { SETTLE_RESERVATION } from "../sql/settle-reservation.ts";
import type { Statement } from "../sql/statement.ts";

export interface DbAdmissionOptions {
  /** How long any call may take, in milliseconds, the wait for a free connection included. */
  readonly answerTimeoutMs?: number;
  /** Age at which this gateway takes over a pending reservation, in milliseconds. Only tests say other than 30 s. */
  readonly takeOverAfterMs?: number;
}

/** Below the 5 s of a publish, which comes after it, and above what a checkpoint of a slow disk holds a statement up. */
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * Makes the admission of one gateway on the tables of this database. Each call is one statement and one transaction; how
 * they keep out of each other's way, and what a crash of the server may take back, is written where the functions are made
 * (migration create_admission). Give it connections of its own, so that no slow statement of others stands before it. The
 * database is closed by whoever opened it.
 */
export function createDbAdmission(
  db: Database,
  { answerTimeoutMs = ANSWER_TIMEOUT_MS, takeOverAfterMs = TAKE_OVER_AFTER_MS }: DbAdmissionOptions = {},
): Admission {
  const carryOut = async <Row extends pg.QueryResultRow>(statement: Statement, values: readonly unknown[]) => {
    try {
      return await askWithin<Row>(db, statement, { values, limitMs: answerTimeoutMs });
    } catch (error) {
      throw toAdmissionError(error);
    }
  };
  const finish = async (statement: Statement, ref: ReservationRef) => {
    await carryOut(statement, [ref.clientId, reservationName(ref), ref.token]);
  };
  return {
    admit: async (request) => {
      const [row] = await carryOut<AdmitRow>(ADMIT_REQUEST, admitValues(request, takeOverAfterMs));
      if (row === undefined) throw new Error("admit_request has answered no row");
      return toAdmitAnswer(row);
    },
    settle: (ref) => finish(SETTLE_RESERVATION, ref),
    release: (ref) => finish(RELEASE_RESERVATION, ref),
    abandon: (ref) => finish(ABANDON_RESERVATION, ref),
    // Fixed words: anyone who reaches /readyz reads them.
    health: async () => ((await db.health()).ok ? { ok: true } : { ok: false, detail: "no answer from Postgres" }),
    close: async () => undefined,
  };
}

/** In the order of the function's parameters. */
function admitValues({ ref, limits, ...request }: AdmitRequest, takeOverAfterMs: number): unknown[] {
  return [
    ref.clientId,
    reservationName(ref),
    ref.token,
    ref.seed,
    request.fingerprint,
    request.count,
    new Date(request.acceptedAtMs),
    request.simulated,
    request.memo,
    Math.max(1, request.keepMs),
    [limits.perSecond, limits.perMinute, limits.perHour],
    limits.dailyQuota,
    request.day,
    new Date(request.dayEndsAtMs),
    request.refused,
    takeOverAfterMs,
  ];
}

/** Keys and seeds are names of different kinds, which a client could otherwise make meet. */
function reservationName({ idempotencyKeyHash, seed }: ReservationRef): string {
  return idempotencyKeyHash === null ? `seed:${seed}` : `key:${idempotencyKeyHash}`;
}

type AdmitRow =
  | { outcome: "admitted"; reservation: Reservation; taken_over: boolean; limits: readonly LimitState[] }
  | { outcome: "replay"; reservation: Reservation }
  | { outcome: "limited"; limit_name: LimitName; retry_after_s: number; limits: readonly LimitState[] }
  | { outcome: "in_progress" | "key_reused" | "refused" };

function toAdmitAnswer(row: AdmitRow): AdmitAnswer {
  switch (row.outcome) {
    case "admitted": {
      const { outcome, reservation, taken_over, limits } = row;
      return { outcome, reservation, takenOver: taken_over, limits };
    }
    case "replay":
      return { outcome: row.outcome, reservation: row.reservation };
    case "limited":
      return { outcome: row.outcome, limit: row.limit_name, retryAfterS: row.retry_after_s, limits: row.limits };
    default:
      return { outcome: row.outcome };
  }
}

/** Faults of our own stay as they are: no repetition mends them. */
function toAdmissionError(error: unknown): unknown {
  const known = toDatabaseError(error);
  if (!(known instanceof DatabaseUnavailableError)) return known;
  const message = `Postgres did not carry out the step: ${known.message}`;
  return new AdmissionUnavailableError(message, { cause: error, isUntaken: error instanceof NotSentError });
}
