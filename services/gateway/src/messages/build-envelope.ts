import type { AcceptedEnvelope, RequestIds, RequestMetadata, Reservation } from "@sms-gateway/contracts";
import type { Caller } from "./caller.ts";
import { resolveTimes } from "./resolve-times.ts";
import type { SendForm } from "./send-form.ts";

/** What an envelope is made of. */
export interface EnvelopeFacts {
  readonly caller: Caller;
  readonly form: SendForm;
  readonly reservation: Reservation;
  readonly ids: RequestIds;
  readonly idempotency: { readonly keyHash: string } | null;
  /** How long the Idempotency-Key is kept, from acceptance, in milliseconds. */
  readonly keptForMs: number;
  /** null: the provider account's own. */
  readonly sender: string | null;
  readonly request: RequestMetadata;
  /** Take-over: from when a relative life counts, in milliseconds since 1970; null: from acceptance. */
  readonly lifeFromMs: number | null;
}

/**
 * The envelope of an admitted request. Ids and times come from the reservation, so that a first try and a take-over
 * publish the same messages; only a relative life counts anew after a take-over, or the message would be accepted dead.
 * Where the first try has arrived after all, the worker keeps that one.
 */
export function buildEnvelope(facts: EnvelopeFacts): AcceptedEnvelope {
  const { caller, form, reservation, ids, idempotency } = facts;
  const { scheduleAtMs } = resolveTimes(form, reservation.acceptedAtMs);
  const { expireAtMs } = resolveTimes(form, facts.lifeFromMs ?? reservation.acceptedAtMs);
  return {
    type: "sms.accepted",
    version: 1,
    seed: reservation.seed,
    client_id: caller.client.id,
    key_id: caller.keyId,
    idempotency_key_hash: idempotency === null ? null : idempotency.keyHash,
    fingerprint: idempotency === null ? null : reservation.fingerprint,
    idempotency_expires_at: idempotency === null ? null : iso(reservation.acceptedAtMs + facts.keptForMs),
    accepted_at: iso(reservation.acceptedAtMs),
    request: facts.request,
    simulated: reservation.simulated,
    batch_id: ids.batchId,
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
      id: ids.messageIds[index] ?? "",
      to: number,
      ...(name === null ? {} : { name }),
    })),
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
