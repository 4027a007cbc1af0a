import { randomBytes } from "node:crypto";
import {
  type Admission,
  type AdmissionLimits,
  type AdmitAnswer,
  ApiError,
  type DirectoryClient,
  IDEMPOTENCY_KEEP_MS,
  KEYLESS_KEEP_MS,
  type Lane,
  type LimitState,
  laneOf,
  makeMessageId,
  makeSeed,
  type PublishEnding,
  type RequestMetadata,
  type Reservation,
  type ReservationRef,
  type SendAnswer,
} from "@sms-gateway/contracts";
import type { GatewayMetrics } from "../metrics.ts";
import { buildAnswer } from "./build-answer.ts";
import { buildEnvelope, type Caller } from "./build-envelope.ts";
import type { GroupPublisher } from "./group-publisher.ts";
import { quotaDay } from "./quota-day.ts";
import type { ReservationKeeper } from "./reservation-keeper.ts";
import type { SendForm } from "./send-form.ts";

/** What accepting needs. */
export interface AcceptDeps {
  readonly admission: Admission;
  readonly keeper: ReservationKeeper;
  readonly publisher: GroupPublisher;
  readonly metrics: GatewayMetrics;
  readonly idSecret: string;
  readonly now: () => number;
}

/** One valid request, with everything that was looked up for it. */
export interface AcceptRequest {
  readonly caller: Caller;
  readonly client: DirectoryClient;
  readonly form: SendForm;
  readonly fingerprint: string;
  readonly idempotencyKeyHash: string | null;
  readonly limits: AdmissionLimits;
  readonly simulated: boolean;
  readonly sender: string | null;
  /** The refusal that stands against it; a stored answer goes first. */
  readonly refusal: ApiError | undefined;
  readonly request: RequestMetadata;
}

export interface Acceptance {
  readonly answer: SendAnswer;
  readonly replayed: boolean;
  readonly limits: readonly LimitState[];
}

/**
 * Admits one request and publishes it (architecture.md 5.1, 5.2). Resolves only when the message is safe in the queue,
 * or was before (a replay). Throws `ApiError`s: a refusal leaves nothing behind; `SERVICE_UNAVAILABLE` says in
 * `details.outcome` whether the request may have been taken after all.
 */
export async function acceptMessages(deps: AcceptDeps, accept: AcceptRequest): Promise<Acceptance> {
  const acceptedAtMs = deps.now();
  const ref: ReservationRef = {
    clientId: accept.caller.clientId,
    idempotencyKeyHash: accept.idempotencyKeyHash,
    seed: makeSeed(acceptedAtMs),
    token: randomBytes(16).toString("hex"),
  };
  const answer = await admit(deps, accept, ref, acceptedAtMs);
  if (answer.outcome === "replay") {
    deps.metrics.replayed.inc();
    return {
      answer: buildAnswer(deps.idSecret, ref.clientId, accept.form, answer.reservation),
      replayed: true,
      limits: [],
    };
  }
  if (answer.outcome !== "admitted") throw refusalOf(answer, accept);
  const { reservation, limits } = answer;
  // After a take-over the seed is the first request's, and so must be the name of a key-less reservation.
  const held = { ...ref, seed: reservation.seed };
  const lane = laneOf(accept.form.smsType, accept.form.priority);
  const ending = await publish(deps, accept, reservation, lane);
  if (ending.ending !== "confirmed") throw failPublish(deps, accept, held, ending);
  // Not waited for: after a confirm nothing can turn the answer into an error (5.1).
  deps.keeper.settle(held);
  deps.metrics.accepted.inc({ lane }, accept.form.recipients.length);
  return { answer: buildAnswer(deps.idSecret, ref.clientId, accept.form, reservation), replayed: false, limits };
}

async function admit(
  deps: AcceptDeps,
  accept: AcceptRequest,
  ref: ReservationRef,
  acceptedAtMs: number,
): Promise<AdmitAnswer> {
  const { day, endsAtMs } = quotaDay(accept.client.time_zone, acceptedAtMs);
  const stopTimer = deps.metrics.admissionSeconds.startTimer();
  try {
    return await deps.admission.admit({
      ref,
      fingerprint: accept.fingerprint,
      count: accept.form.recipients.length,
      limits: accept.limits,
      day,
      dayEndsAtMs: endsAtMs,
      acceptedAtMs,
      simulated: accept.simulated,
      memo: "",
      keepMs: keepMs(accept, acceptedAtMs),
      refused: accept.refusal !== undefined,
    });
  } catch (cause) {
    // The step may have been taken and only its answer lost: publish nothing, and take it back until that is certain.
    deps.keeper.release(ref);
    throw notAccepted("redis_unreachable", cause);
  } finally {
    stopTimer();
  }
}

/** How long the answer is kept: 24 h, counted from `schedule_at`; a request without a key for 60 s. */
function keepMs(accept: AcceptRequest, acceptedAtMs: number): number {
  if (accept.idempotencyKeyHash === null) return KEYLESS_KEEP_MS;
  return Math.max(0, (accept.form.scheduleAtMs ?? 0) - acceptedAtMs) + IDEMPOTENCY_KEEP_MS;
}

function publish(
  deps: AcceptDeps,
  accept: AcceptRequest,
  reservation: Reservation,
  lane: Lane,
): Promise<PublishEnding> {
  const envelope = buildEnvelope(deps.idSecret, {
    form: accept.form,
    reservation,
    caller: accept.caller,
    idempotencyKeyHash: accept.idempotencyKeyHash,
    idempotencyKeepMs: keepMs(accept, reservation.acceptedAtMs),
    sender: accept.sender,
    request: accept.request,
  });
  return deps.publisher.publish(lane, envelope);
}

function failPublish(
  deps: AcceptDeps,
  accept: AcceptRequest,
  held: ReservationRef,
  ending: Exclude<PublishEnding, { ending: "confirmed" }>,
): ApiError {
  if (ending.ending === "not_handed_over") {
    deps.keeper.release(held);
    return notAccepted(ending.reason, undefined);
  }
  deps.keeper.abandon(held);
  return new ApiError("SERVICE_UNAVAILABLE", {
    message:
      "The message queue did not confirm in time; the message may still be sent. Retry with the same Idempotency-Key, or read the tracking_id.",
    details: { outcome: "unknown", reason: "queue_unconfirmed" },
    trackingId: makeMessageId(deps.idSecret, accept.caller.clientId, held.seed, 0),
    retryAfterS: 1,
  });
}

/** The 503 of a request of which nothing was taken. */
export function notAccepted(reason: string, cause: unknown): ApiError {
  return new ApiError("SERVICE_UNAVAILABLE", {
    message: "The request was not accepted; nothing was sent and nothing charged. Try again.",
    details: { outcome: "not_accepted", reason },
    retryAfterS: 1,
    cause,
  });
}

function refusalOf(answer: Exclude<AdmitAnswer, { outcome: "admitted" | "replay" }>, accept: AcceptRequest): ApiError {
  switch (answer.outcome) {
    case "in_progress":
      return new ApiError("IDEMPOTENCY_IN_PROGRESS", { retryAfterS: 1 });
    case "key_reused":
      return new ApiError("IDEMPOTENCY_KEY_REUSED");
    case "refused":
      return accept.refusal ?? new ApiError("INTERNAL_ERROR");
    case "limited":
      return new LimitedError(answer.limit, answer.retryAfterS, answer.limits);
  }
}

/** A 429 that also carries the state of every limit, for the `RateLimit` header. */
export class LimitedError extends ApiError {
  readonly limits: readonly LimitState[];

  constructor(limit: string, retryAfterS: number, limits: readonly LimitState[]) {
    const what = limit === "daily_quota" ? "The daily quota is used up" : `The rate limit ${limit} is used up`;
    super("TOO_MANY_REQUESTS", {
      message: `${what}; try again in ${retryAfterS} s.`,
      details: { limit, retry_after: retryAfterS },
      retryAfterS,
    });
    this.limits = limits;
  }
}
