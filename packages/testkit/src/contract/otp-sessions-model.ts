import type {
  OtpCheckAnswer,
  OtpCheckRequest,
  OtpCodeRef,
  OtpCreateAnswer,
  OtpCreateRequest,
  OtpResendAnswer,
  OtpResendRequest,
  OtpSession,
} from "@sms-gateway/contracts";
import { HOUR_MS } from "./otp-sessions-requests.ts";

const TIMES = ["createdAtMs", "expiresAtMs", "resendAvailableAtMs"] as const;

/** A session without what depends on the clock. */
export type PredictedSession = Omit<OtpSession, (typeof TIMES)[number]>;
/** An answer without what depends on the clock. */
export type PredictedAnswer =
  | { readonly outcome: "created"; readonly session: PredictedSession; readonly takenOver: boolean }
  | { readonly outcome: "renewed"; readonly session: PredictedSession }
  | { readonly outcome: Exclude<(OtpCreateAnswer | OtpResendAnswer)["outcome"], "created" | "renewed"> };

interface Stored {
  readonly request: OtpCreateRequest;
  token: string;
  codeHash: string;
  order: number;
  isCooling: boolean;
  isOver: boolean;
  isVerified: boolean;
  attempts: number;
  resends: number;
  undo: "session" | Pick<Stored, "codeHash" | "order" | "isCooling"> | undefined;
}

/**
 * What OTP sessions must do, as plainly as it can be said: one client, and no clock but `elapse`. Cooldowns last for ever
 * or not at all, lives for ever or until `elapse`.
 */
export class OtpSessionsModel {
  readonly #sessions = new Map<string, Stored>();
  readonly #dead = new Set<string>();

  create(request: OtpCreateRequest): PredictedAnswer {
    const { sessionId, phoneNumber, token } = request.ref;
    if (this.#dead.has(token)) return { outcome: "discarded" };
    const stored = this.#sessions.get(sessionId);
    if (stored !== undefined) {
      const takenOver = stored.token !== token;
      if (takenOver) Object.assign(stored, { token, undo: undefined });
      return { outcome: "created", session: describe(stored), takenOver };
    }
    const newest = this.#newest(phoneNumber);
    if (newest?.isCooling) return { outcome: "cooldown" };
    const made: Stored = {
      request,
      token,
      codeHash: request.codeHash,
      order: (newest?.order ?? 0) + 1,
      isCooling: request.cooldownMs > 0,
      isOver: false,
      isVerified: false,
      attempts: 0,
      resends: 0,
      undo: "session",
    };
    this.#sessions.set(sessionId, made);
    return { outcome: "created", session: describe(made), takenOver: false };
  }

  check({ sessionId, phoneNumber, codeHash }: OtpCheckRequest): OtpCheckAnswer {
    const stored = sessionId === null ? this.#newest(phoneNumber) : this.#sessions.get(sessionId);
    if (stored === undefined || stored.request.ref.phoneNumber !== phoneNumber) return { outcome: "not_found" };
    const status = statusOf(stored);
    if (status === "verified") return { outcome: "already_used" };
    if (status === "exhausted") return { outcome: "too_many_attempts" };
    if (status === "expired") return { outcome: "expired" };
    if (stored.codeHash === codeHash) {
      Object.assign(stored, { isVerified: true, undo: undefined });
      return { outcome: "verified" };
    }
    stored.attempts += 1;
    return { outcome: "incorrect", attemptsRemaining: stored.request.attemptsMax - stored.attempts };
  }

  resend({ ref, codeHash }: OtpResendRequest): PredictedAnswer {
    if (this.#dead.has(ref.token)) return { outcome: "discarded" };
    const stored = this.#sessions.get(ref.sessionId);
    if (stored === undefined) return { outcome: "not_found" };
    if (stored.token === ref.token) return { outcome: "renewed", session: describe(stored) };
    const status = statusOf(stored);
    if (status === "verified") return { outcome: "used" };
    if (status !== "pending") return { outcome: status };
    const newest = this.#newest(ref.phoneNumber);
    if (newest?.isCooling) return { outcome: "cooldown" };
    const { codeHash: before, order, isCooling, request, resends } = stored;
    Object.assign(stored, {
      token: ref.token,
      codeHash,
      order: (newest?.order ?? 0) + 1,
      isCooling: request.cooldownMs > 0,
      resends: resends + 1,
      undo: { codeHash: before, order, isCooling },
    });
    return { outcome: "renewed", session: describe(stored) };
  }

  discard({ sessionId, token }: OtpCodeRef): void {
    this.#dead.add(token);
    const stored = this.#sessions.get(sessionId);
    if (stored === undefined || stored.token !== token || stored.undo === undefined) return;
    if (stored.undo === "session") this.#sessions.delete(sessionId);
    else Object.assign(stored, stored.undo, { token: "", resends: stored.resends - 1, undo: undefined });
  }

  get(sessionId: string): PredictedSession | undefined {
    const stored = this.#sessions.get(sessionId);
    return stored === undefined ? undefined : describe(stored);
  }

  /** A short life is over: its session has expired, or is gone where it is not kept. */
  elapse(sessionId: string, { isKept }: { readonly isKept: boolean }): void {
    const stored = this.#sessions.get(sessionId);
    if (stored === undefined || stored.request.lifeMs === HOUR_MS) return;
    if (isKept) stored.isOver = true;
    else this.#sessions.delete(sessionId);
  }

  #newest(phoneNumber: string): Stored | undefined {
    const sessions = [...this.#sessions.values()].filter(({ request }) => request.ref.phoneNumber === phoneNumber);
    return sessions.sort((a, b) => b.order - a.order)[0];
  }
}

/** A session as the model predicts it. */
export function withoutSessionTimes(session: OtpSession): PredictedSession {
  const { createdAtMs, expiresAtMs, resendAvailableAtMs, ...rest } = session;
  return rest;
}

/** An answer as the model predicts it. */
export function withoutAnswerTimes(answer: OtpCreateAnswer | OtpResendAnswer): PredictedAnswer {
  switch (answer.outcome) {
    case "created":
      return { ...answer, session: withoutSessionTimes(answer.session) };
    case "renewed":
      return { ...answer, session: withoutSessionTimes(answer.session) };
    default:
      return { outcome: answer.outcome };
  }
}

function describe({ request, ...stored }: Stored): PredictedSession {
  const { sessionId, phoneNumber } = request.ref;
  const { attemptsMax, memo } = request;
  const { attempts, resends } = stored;
  return { sessionId, phoneNumber, status: statusOf({ request, ...stored }), attempts, attemptsMax, resends, memo };
}

function statusOf({ isVerified, attempts, isOver, request }: Stored): OtpSession["status"] {
  if (isVerified) return "verified";
  if (attempts >= request.attemptsMax) return "exhausted";
  return isOver ? "expired" : "pending";
}
