import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { RequestMetadata } from "./http/message-view.ts";
import { ENCODINGS, MESSAGE_TYPES, SMS_TYPES } from "./http/send-request.ts";
import { orNull } from "./or-null.ts";
import { PROVIDER_NAMES } from "./provider-names.ts";
import { createVersionReader, type ReadResult, type ReadValue } from "./version-reader.ts";

const Id = Type.String({ pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$" });
const Time = Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$" });

/** One message of a request: what differs between its recipients. */
export const EnvelopeRecipient = Type.Object({
  id: Id,
  to: Type.String({ maxLength: 17 }),
  name: Type.Optional(Type.String({ maxLength: 255 })),
});
export type EnvelopeRecipient = Static<typeof EnvelopeRecipient>;

/**
 * One accepted request on its way from gateway to worker (architecture.md 5.2): the message itself until it is recorded.
 * One envelope is never split over several AMQP messages, so a request has one ending.
 */
export const AcceptedEnvelope = Type.Object({
  type: Type.Literal("sms.accepted"),
  version: Type.Literal(1),
  seed: Type.String({ pattern: "^[0-9a-f]{32}$" }),
  client_id: Id,
  key_id: orNull(Id),
  idempotency_key_hash: orNull(Type.String({ pattern: "^[0-9a-f]{64}$" })),
  fingerprint: orNull(Type.String({ pattern: "^[0-9a-f]{64}$" })),
  /** When the reservation of the Idempotency-Key ends. */
  idempotency_expires_at: orNull(Time),
  accepted_at: Time,
  request: RequestMetadata,
  simulated: Type.Boolean(),
  batch_id: Id,
  from_number: orNull(Type.String({ maxLength: 16 })),
  text: Type.String(),
  message_type: Type.Enum([...MESSAGE_TYPES]),
  udh: orNull(Type.String()),
  sms_type: Type.Enum([...SMS_TYPES]),
  encoding: Type.Enum([...ENCODINGS]),
  segments: Type.Integer({ minimum: 1 }),
  /** Requested providers in order; empty means smart selection. */
  providers: Type.Array(Type.Enum([...PROVIDER_NAMES])),
  priority: Type.Integer({ minimum: 1, maximum: 5 }),
  schedule_at: orNull(Time),
  expire_at: Time,
  callback_url: orNull(Type.String()),
  custom_id: orNull(Type.String()),
  metadata: orNull(Type.Record(Type.String(), Type.Unknown())),
  recipients: Type.Array(EnvelopeRecipient, { minItems: 1 }),
});
export type AcceptedEnvelope = Static<typeof AcceptedEnvelope>;

const compiled = Compile(AcceptedEnvelope);

/** Reads one envelope of any version that may be waiting, from a parsed JSON value. Readers by version: see createVersionReader. */
export const parseAcceptedEnvelope: ReadValue<AcceptedEnvelope> = createVersionReader(
  "sms.accepted",
  new Map([[1, readVersion1]]),
);

function readVersion1(value: unknown): ReadResult<AcceptedEnvelope> {
  if (compiled.Check(value)) return { ok: true, value };
  const [first] = compiled.Errors(value);
  return { ok: false, problem: first === undefined ? "no envelope" : `${first.instancePath || "/"} ${first.message}` };
}
