import {
  assertCodeHash,
  assertOtpCreateRequest,
  OTP_DISCARDED_KEEP_MS,
  OTP_SESSION_KEEP_MS,
  type OtpCheckRequest,
  type OtpCodeRef,
  type OtpCreateRequest,
  type OtpSessions,
  OtpSessionsUnavailableError,
  parseOtpCheckAnswer,
  parseOtpCreateAnswer,
  parseOtpResendAnswer,
  parseOtpSession,
  spellOtpSessionId,
} from "@sms-gateway/contracts";
import type { RedisConnection } from "../redis-connection.ts";
import { redisHealth } from "../redis-health.ts";
import type { RedisScript } from "../redis-script.ts";
import { CHECK_OTP_CODE } from "../scripts/check-otp-code.ts";
import { CREATE_OTP_SESSION } from "../scripts/create-otp-session.ts";
import { DISCARD_OTP_CODE } from "../scripts/discard-otp-code.ts";
import { READ_OTP_SESSION } from "../scripts/read-otp-session.ts";
import { RESEND_OTP_CODE } from "../scripts/resend-otp-code.ts";

export interface RedisOtpSessionsOptions {
  /** How long a session can be read after it expired, in milliseconds. Only tests say other than 24 h. */
  readonly keepMs?: number;
}

/**
 * Makes the OTP sessions of one gateway: each step is one script, in one round trip. `close` leaves the connection open.
 *
 * Trade: what Redis loses when its machine dies (about the last second: the append-only file is synced every second) is
 * lost here too. A code that was used within that second could be used once more.
 */
export function createRedisOtpSessions(
  connection: RedisConnection,
  { keepMs = OTP_SESSION_KEEP_MS }: RedisOtpSessionsOptions = {},
): OtpSessions {
  return {
    create: async (request) => {
      assertOtpCreateRequest(request);
      const args = createArgs(request, keepMs);
      const answer = await carryOut(connection, CREATE_OTP_SESSION, codeKeys(request.ref), args);
      if (answer === null) throw new TypeError("sessionId is that of another number's session");
      return parseOtpCreateAnswer(answer);
    },
    check: async (request) => {
      assertCodeHash(request.codeHash);
      const { sessionId, phoneNumber, codeHash } = request;
      const args = [sessionId === null ? 1 : 0, spellOtpSessionId(sessionId ?? ""), phoneNumber, codeHash];
      return parseOtpCheckAnswer(await carryOut(connection, CHECK_OTP_CODE, numberKeys(request), args));
    },
    resend: async ({ ref, codeHash }) => {
      assertCodeHash(codeHash);
      const args = [spellOtpSessionId(ref.sessionId), ref.phoneNumber, ref.token, codeHash, keepMs];
      return parseOtpResendAnswer(await carryOut(connection, RESEND_OTP_CODE, codeKeys(ref), args));
    },
    discard: async (ref) => {
      const args = [spellOtpSessionId(ref.sessionId), ref.phoneNumber, ref.token, OTP_DISCARDED_KEEP_MS, keepMs];
      await carryOut(connection, DISCARD_OTP_CODE, codeKeys(ref), args);
    },
    get: async (clientId, sessionId) => {
      const found = await carryOut(
        connection,
        READ_OTP_SESSION,
        [sessionsKey(clientId)],
        [spellOtpSessionId(sessionId)],
      );
      return found === null ? undefined : parseOtpSession(found);
    },
    health: () => redisHealth(connection),
    close: async () => undefined,
  };
}

/** In the order in which the script reads them. */
function createArgs({ ref, ...request }: OtpCreateRequest, keepMs: number): (string | number)[] {
  return [
    spellOtpSessionId(ref.sessionId),
    ref.phoneNumber,
    ref.token,
    request.codeHash,
    request.memo,
    request.lifeMs,
    request.attemptsMax,
    request.cooldownMs,
    keepMs,
  ];
}

/** What the script answers, parsed; null when it has nothing to say. */
async function carryOut(
  connection: RedisConnection,
  script: RedisScript,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    const answer = await connection.runScript(script, keys, args);
    return typeof answer === "string" ? JSON.parse(answer) : null;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OtpSessionsUnavailableError(`Redis did not carry out the step: ${reason}`, { cause });
  }
}

// All keys of a client carry its id as hash tag, so that a Redis cluster keeps them in one slot.

function codeKeys(ref: OtpCodeRef): string[] {
  return [...numberKeys(ref), `{${ref.clientId}}:otp:discarded:${ref.token}`];
}

function numberKeys({ clientId, phoneNumber }: Pick<OtpCheckRequest, "clientId" | "phoneNumber">): string[] {
  return [sessionsKey(clientId), `{${clientId}}:otp:number:${phoneNumber}`];
}

/** The scripts put the id behind it. */
function sessionsKey(clientId: string): string {
  return `{${clientId}}:otp:session:`;
}
