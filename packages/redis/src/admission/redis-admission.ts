import {
  type Admission,
  AdmissionUnavailableError,
  type AdmitAnswer,
  type AdmitRequest,
  type ReservationRef,
  TAKE_OVER_AFTER_MS,
} from "@sms-gateway/contracts";
import type { RedisConnection } from "../redis-connection.ts";
import { redisHealth } from "../redis-health.ts";
import type { RedisScript } from "../redis-script.ts";
import { ABANDON } from "../scripts/abandon.ts";
import { ADMIT } from "../scripts/admit.ts";
import { RELEASE } from "../scripts/release.ts";
import { SETTLE } from "../scripts/settle.ts";
import { readAdmitAnswer } from "./read-admit-answer.ts";
import { repeatUntilDone } from "./repeat-until-done.ts";

/** `Admission` on Redis, and what its users need after a lost answer. */
export interface RedisAdmission extends Admission {
  /**
   * Repeats `release` with back-off until Redis has carried it out, for at most `forMs` (default 30 s); ends early with
   * `close`. Resolves with whether it was carried out; does not reject because Redis is away.
   */
  releaseUntilDone(ref: ReservationRef, options?: { readonly forMs?: number }): Promise<boolean>;
}

export interface RedisAdmissionOptions {
  /** Age at which this gateway takes over a pending reservation, in milliseconds. Only tests say other than 30 s. */
  readonly takeOverAfterMs?: number;
}

/** After this the reservation's own take-over heals what is left (architecture.md 5.1). */
const RELEASE_FOR_MS = 30_000;

/** Makes the admission of one gateway. `close` ends its repetitions; the connection is closed by whoever opened it. */
export function createRedisAdmission(
  connection: RedisConnection,
  { takeOverAfterMs = TAKE_OVER_AFTER_MS }: RedisAdmissionOptions = {},
): RedisAdmission {
  const closing = new AbortController();
  const release = async (ref: ReservationRef) => {
    await carryOut(connection, RELEASE, [reservationKey(ref), quotaKey(ref.clientId, ""), fenceKey(ref)], [ref.token]);
  };
  return {
    admit: (request) => admit(connection, request, takeOverAfterMs),
    settle: async (ref) => {
      await carryOut(connection, SETTLE, [reservationKey(ref)], [ref.token]);
    },
    release,
    abandon: async (ref) => {
      await carryOut(connection, ABANDON, [reservationKey(ref)], [ref.token]);
    },
    releaseUntilDone: (ref, { forMs = RELEASE_FOR_MS } = {}) =>
      repeatUntilDone(() => release(ref), { forMs, signal: closing.signal }),
    health: () => redisHealth(connection),
    close: async () => closing.abort(),
  };
}

async function admit(
  connection: RedisConnection,
  request: AdmitRequest,
  takeOverAfterMs: number,
): Promise<AdmitAnswer> {
  const { ref, limits } = request;
  const keys = [reservationKey(ref), ratesKey(ref.clientId), quotaKey(ref.clientId, request.day), fenceKey(ref)];
  // In the order in which the script reads them.
  const args = [
    ref.token,
    ref.seed,
    request.fingerprint,
    request.count,
    limits.perSecond,
    limits.perMinute,
    limits.perHour,
    limits.dailyQuota,
    request.day,
    request.dayEndsAtMs,
    request.acceptedAtMs,
    request.simulated ? 1 : 0,
    request.memo,
    request.keepMs,
    request.refused ? 1 : 0,
    takeOverAfterMs,
  ];
  return readAdmitAnswer(await carryOut(connection, ADMIT, keys, args));
}

async function carryOut(
  connection: RedisConnection,
  script: RedisScript,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await connection.runScript(script, keys, args);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AdmissionUnavailableError(`Redis did not carry out the step: ${reason}`, { cause });
  }
}

// All keys of a client carry its id as hash tag, so that a Redis cluster keeps them in one slot.

function reservationKey({ clientId, idempotencyKeyHash, seed }: ReservationRef): string {
  return idempotencyKeyHash === null ? `{${clientId}}:seed:${seed}` : `{${clientId}}:key:${idempotencyKeyHash}`;
}

function ratesKey(clientId: string): string {
  return `{${clientId}}:rates`;
}

function quotaKey(clientId: string, day: string): string {
  return `{${clientId}}:quota:${day}`;
}

function fenceKey({ clientId, token }: ReservationRef): string {
  return `{${clientId}}:fence:${token}`;
}
