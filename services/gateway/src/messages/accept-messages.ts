import { randomUUID } from "node:crypto";
import {
  type AcceptedEnvelope,
  type Admission,
  type AdmissionLimits,
  AdmissionUnavailableError,
  type AdmitAnswer,
  ApiError,
  type GroupPublisher,
  IDEMPOTENCY_KEEP_MS,
  KEYLESS_KEEP_MS,
  type Lane,
  type LimitState,
  laneOf,
  makeRequestIds,
  makeSeed,
  type PublishEnding,
  type RequestMetadata,
  type ReservationRef,
  type SendAnswer,
} from "@sms-gateway/contracts";
import type { GatewayMetrics } from "../metrics.ts";
import { buildAnswer } from "./build-answer.ts";
import { buildEnvelope } from "./build-envelope.ts";
import type { Caller } from "./caller.ts";
import { LimitedError } from "./limited-error.ts";
import { notAccepted } from "./not-accepted.ts";
import type { QuotaCalendar } from "./quota-calendar.ts";
import type { ReservationKeeper } from "./reservation-keeper.ts";
import type { SendForm } from "./send-form.ts";

/** What accepting needs. */
export interface AcceptDeps {
  readonly admission: Admission;
  readonly store: "redis" | "database";
  readonly keeper: ReservationKeeper;
  readonly publisher: GroupPublisher<Lane, AcceptedEnvelope>;
  readonly metrics: GatewayMetrics;
  readonly quotaDay: QuotaCalendar;
  readonly idSecret: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** One valid request, with everything that was looked up for it. */
export interface AcceptRequest {
  readonly caller: Caller;
  readonly form: SendForm;
  readonly idempotency: Idempotency | null;
  readonly limits: AdmissionLimits;
  readonly simulated: boolean;
  /** null: the provider account's own. */
  readonly sender: string | null;
  /** The refusal that stands against it; a stored answer goes first. */
  readonly refusal: ApiError | undefined;
  readonly request: RequestMetadata;
}

/** What a request with an Idempotency-Key is recognised by. */
export interface Idempotency {
  readonly keyHash: string;
  readonly fingerprint: string;
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
  const { form, caller } = accept;
  const acceptedAtMs = deps.now();
  const ref: ReservationRef = {
    clientId: caller.client.id,
    idempotencyKeyHash: accept.idempotency?.keyHash ?? null,
    seed: makeSeed(acceptedAtMs),
    token: randomUUID(),
  };
  const admission = await admit(deps, accept, ref, acceptedAtMs);
  if (admission.outcome !== "admitted" && admission.outcome !== "replay") throw refusalOf(admission, accept);
  const { reservation } = admission;
  // A replay and a take-over have the seed, and so the ids, of the first request.
  const ids = makeRequestIds(deps.idSecret, ref.clientId, reservation.seed, form.recipients.length);
  const answer = buildAnswer(form, reservation, ids);
  if (admission.outcome === "replay") {
    deps.metrics.replayed.inc();
    return { answer, replayed: true, limits: [] };
  }
  const lane = laneOf(form.smsType, form.priority);
  const keptForMs = keepMs(accept, reservation.acceptedAtMs);
  const { takenOver } = admission;
  const envelope = buildEnvelope({
    ...accept,
    reservation,
    ids,
    keptForMs,
    lifeFromMs: takenOver ? acceptedAtMs : null,
  });
  const ending = await deps.publisher.publish(lane, envelope);
  if (ending.ending !== "confirmed")
    throw failPublish(deps, { ref, ending, takenOver, trackingId: answer.tracking_id });
  // Not waited for: after a confirm nothing can turn the answer into an error (5.1). Without a key nobody can ask again,
  // and the reservation ends by itself.
  if (accept.idempotency !== null) deps.keeper.settle(ref);
  deps.metrics.accepted.inc({ lane }, form.recipients.length);
  return { answer, replayed: false, limits: admission.limits };
}

async function admit(
  deps: AcceptDeps,
  accept: AcceptRequest,
  ref: ReservationRef,
  acceptedAtMs: number,
): Promise<AdmitAnswer> {
  const { day, endsAtMs } = deps.quotaDay(accept.caller.client.time_zone, acceptedAtMs);
  const startedAtMs = performance.now();
  try {
    return await deps.admission.admit({
      ref,
      // Nobody else has this seed: without a key it stands for the request.
      fingerprint: accept.idempotency?.fingerprint ?? ref.seed,
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
  } catch (error) {
    // The step may have been taken and only its answer lost: publish nothing, and take it back until that is certain.
    // Where it was not, a release would be one more step for a store that has too many.
    if (!(error instanceof AdmissionUnavailableError && error.isUntaken)) deps.keeper.release(ref);
    throw error instanceof AdmissionUnavailableError ? notAccepted(`${deps.store}_unreachable`, error) : error;
  } finally {
    deps.metrics.admissionSeconds.observe((performance.now() - startedAtMs) / 1000);
  }
}

/** How long the answer is kept: 24 h, counted from `schedule_at`; a request without a key for 60 s. */
function keepMs({ idempotency, form }: AcceptRequest, acceptedAtMs: number): number {
  if (idempotency === null) return KEYLESS_KEEP_MS;
  return Math.max(0, (form.scheduleAtMs ?? 0) - acceptedAtMs) + IDEMPOTENCY_KEEP_MS;
}

interface FailedPublish {
  readonly ref: ReservationRef;
  readonly ending: Exclude<PublishEnding, { ending: "confirmed" }>;
  readonly takenOver: boolean;
  readonly trackingId: string;
}

/**
 * What becomes of the reservation when the message is not safely in the queue, and the error to answer with. After a
 * take-over it is never certain that nothing was taken: the earlier try may be in the queue.
 */
function failPublish(deps: AcceptDeps, { ref, ending, takenOver, trackingId }: FailedPublish): ApiError {
  if (ending.ending === "not_handed_over" && !takenOver) {
    deps.keeper.release(ref);
    return notAccepted(ending.reason);
  }
  deps.keeper.abandon(ref);
  return new ApiError("SERVICE_UNAVAILABLE", {
    message:
      "The message queue did not confirm; the message may still be sent. Retry with the same Idempotency-Key, or read the tracking_id.",
    details: { outcome: "unknown", reason: ending.ending === "unconfirmed" ? "queue_unconfirmed" : ending.reason },
    trackingId,
    retryAfterS: 1,
  });
}

function refusalOf(
  answer: Exclude<AdmitAnswer, { outcome: "admitted" | "replay" }>,
  { refusal }: AcceptRequest,
): ApiError {
  switch (answer.outcome) {
    case "in_progress":
      return new ApiError("IDEMPOTENCY_IN_PROGRESS", { retryAfterS: 1 });
    case "key_reused":
      return new ApiError("IDEMPOTENCY_KEY_REUSED");
    case "refused":
      return refusal ?? new ApiError("INTERNAL_ERROR", { cause: new Error("refused without a refusal") });
    case "limited":
      return new LimitedError(answer.limit, answer.retryAfterS, answer.limits);
  }
}
