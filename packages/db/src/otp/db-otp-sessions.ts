import {
  assertCodeHash,
  assertOtpCreateRequest,
  OTP_DISCARDED_KEEP_MS,
  OTP_SESSION_KEEP_MS,
  type OtpSessions,
  OtpSessionsUnavailableError,
  parseOtpCheckAnswer,
  parseOtpCreateAnswer,
  parseOtpResendAnswer,
  parseOtpSession,
  spellOtpSessionId,
} from "@sms-gateway/contracts";
import { askWithin } from "../ask-within.ts";
import type { Database } from "../connections.ts";
import { AlreadyExistsError, DatabaseUnavailableError, toDatabaseError } from "../database-errors.ts";
import { CHECK_OTP_CODE } from "../sql/check-otp-code.ts";
import { CREATE_OTP_SESSION } from "../sql/create-otp-session.ts";
import { DISCARD_OTP_CODE } from "../sql/discard-otp-code.ts";
import { READ_OTP_SESSION } from "../sql/read-otp-session.ts";
import { RESEND_OTP_CODE } from "../sql/resend-otp-code.ts";
import type { Statement } from "../sql/statement.ts";

export interface DbOtpSessionsOptions {
  /** How long any call may take, in milliseconds, the wait for a free connection included. */
  readonly answerTimeoutMs?: number;
  /** How long a session can be read after it expired, in milliseconds. Only tests say other than 24 h. */
  readonly keepMs?: number;
}

/** Below the 5 s of a publish, which comes after it, and above a commit and the wait for the number's other steps. */
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * Makes the OTP sessions of one gateway: each step is one statement, a transaction of its own that is on the disk when it
 * is answered (the functions are in the migration `create_otp_sessions`). Sessions that are gone stay in their table until
 * `dropExpiredOtpSessions`. `close` leaves the database open.
 */
export function createDbOtpSessions(
  db: Database,
  { answerTimeoutMs = ANSWER_TIMEOUT_MS, keepMs = OTP_SESSION_KEEP_MS }: DbOtpSessionsOptions = {},
): OtpSessions {
  /** What the statement answers; undefined when there is no row. */
  const carryOut = async (statement: Statement, values: readonly unknown[]): Promise<unknown> => {
    try {
      const [row] = await askWithin<{ answer: unknown }>(db, statement, { values, limitMs: answerTimeoutMs });
      return row?.answer;
    } catch (error) {
      throw toOtpSessionsError(error);
    }
  };
  return {
    create: async (request) => {
      assertOtpCreateRequest(request);
      const { clientId, phoneNumber, sessionId, token } = request.ref;
      const { codeHash, lifeMs, attemptsMax, cooldownMs, memo } = request;
      const session = [clientId, phoneNumber, spellOtpSessionId(sessionId), token, codeHash];
      const values = [...session, lifeMs, attemptsMax, cooldownMs, memo, keepMs];
      return parseOtpCreateAnswer(await carryOut(CREATE_OTP_SESSION, values));
    },
    check: async ({ clientId, phoneNumber, sessionId, codeHash }) => {
      assertCodeHash(codeHash);
      const values = [clientId, phoneNumber, sessionId === null ? null : spellOtpSessionId(sessionId), codeHash];
      return parseOtpCheckAnswer(await carryOut(CHECK_OTP_CODE, values));
    },
    resend: async ({ ref: { clientId, phoneNumber, sessionId, token }, codeHash }) => {
      assertCodeHash(codeHash);
      const values = [clientId, phoneNumber, spellOtpSessionId(sessionId), token, codeHash, keepMs];
      return parseOtpResendAnswer(await carryOut(RESEND_OTP_CODE, values));
    },
    discard: async ({ clientId, phoneNumber, sessionId, token }) => {
      const values = [clientId, phoneNumber, spellOtpSessionId(sessionId), token, OTP_DISCARDED_KEEP_MS, keepMs];
      await carryOut(DISCARD_OTP_CODE, values);
    },
    get: async (clientId, sessionId) => {
      const found = await carryOut(READ_OTP_SESSION, [clientId, spellOtpSessionId(sessionId)]);
      return found === undefined ? undefined : parseOtpSession(found);
    },
    // Fixed words: anyone who reaches /readyz reads them.
    health: async () => ((await db.health()).ok ? { ok: true } : { ok: false, detail: "no answer from Postgres" }),
    close: async () => undefined,
  };
}

/** Faults of our own stay as they are: no repetition mends them. */
function toOtpSessionsError(error: unknown): unknown {
  const known = toDatabaseError(error);
  // Only `create` inserts what may be there: an id whose session it did not find under its number.
  if (known instanceof AlreadyExistsError) {
    return new TypeError("sessionId is that of another number's session", { cause: error });
  }
  if (!(known instanceof DatabaseUnavailableError)) return known;
  return new OtpSessionsUnavailableError(`Postgres did not carry out the step: ${known.message}`, { cause: error });
}
