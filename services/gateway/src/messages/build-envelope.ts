import {
  type AcceptedEnvelope,
  DEFAULT_OTP_TTL_S,
  DEFAULT_TTL_S,
  makeBatchId,
  makeMessageId,
  type RequestMetadata,
  type Reservation,
} from "@sms-gateway/contracts";
import type { SendForm } from "./send-form.ts";

/** Who asks, and how. */
export interface Caller {
  readonly clientId: string;
  readonly keyId: string | null;
}

export interface EnvelopeFacts {
  readonly form: SendForm;
  readonly reservation: Reservation;
  readonly caller: Caller;
  readonly idempotencyKeyHash: string | null;
  readonly idempotencyKeepMs: number;
  readonly sender: string | null;
  readonly request: RequestMetadata;
}

/**
 * The envelope of an admitted request. Everything that could differ between a first try and a take-over (ids, times)
 * comes from the reservation, so that both publish the same messages.
 */
export function buildEnvelope(idSecret: string, facts: EnvelopeFacts): AcceptedEnvelope {
  const { form, reservation, caller } = facts;
  const keyed = facts.idempotencyKeyHash !== null;
  const { scheduleAtMs, expireAtMs } = resolveTimes(form, reservation.acceptedAtMs);
  return {
    type: "sms.accepted",
    version: 1,
    seed: reservation.seed,
    client_id: caller.clientId,
    key_id: caller.keyId,
    idempotency_key_hash: facts.idempotencyKeyHash,
    fingerprint: keyed ? reservation.fingerprint : null,
    idempotency_expires_at: keyed ? iso(reservation.acceptedAtMs + facts.idempotencyKeepMs) : null,
    accepted_at: iso(reservation.acceptedAtMs),
    request: facts.request,
    simulated: reservation.simulated,
    batch_id: makeBatchId(idSecret, caller.clientId, reservation.seed),
    from_number: facts.sender,
    text: form.text,
    message_type: form.messageType,
    udh: form.udh,
    sms_type: form.smsType,
    encoding: form.encoding,
    segments: form.segments,
    providers: [...form.providers],
    priority: form.priority,
    schedule_at: scheduleAtMs === null ? null : iso(scheduleAtMs),
    expire_at: iso(expireAtMs),
    callback_url: form.callbackUrl,
    custom_id: form.customId,
    metadata: form.metadata,
    recipients: form.recipients.map(({ number, name }, index) => ({
      id: makeMessageId(idSecret, caller.clientId, reservation.seed, index),
      to: number,
      ...(name === null ? {} : { name }),
    })),
  };
}

/** When the message is due and when its life ends. A past `schedule_at` means now: null. The life counts from `schedule_at`. */
export function resolveTimes(
  form: SendForm,
  acceptedAtMs: number,
): { scheduleAtMs: number | null; expireAtMs: number } {
  const scheduleAtMs = form.scheduleAtMs !== null && form.scheduleAtMs > acceptedAtMs ? form.scheduleAtMs : null;
  const ttlSeconds = form.ttlSeconds ?? (form.smsType === "otp" ? DEFAULT_OTP_TTL_S : DEFAULT_TTL_S);
  return { scheduleAtMs, expireAtMs: form.expireAtMs ?? (scheduleAtMs ?? acceptedAtMs) + ttlSeconds * 1000 };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
