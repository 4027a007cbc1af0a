import {
  type Encoding,
  idTimeMs,
  isFinalState,
  type Lane,
  type MessageType,
  type PlannedTrace,
  type RequestMetadata,
  type SmsType,
} from "@sms-gateway/contracts";
import { laneNumber } from "../lane-number.ts";
import { isUuid, NIL_UUID } from "../uuid.ts";

/** The status with which a message is recorded; the causes of the last two are in `errorCode`. */
export type RecordStatus = "queued" | "scheduled" | "rejected" | "expired";

/** One accepted message on its way into the database. */
export interface RecordRow {
  readonly id: string;
  readonly clientId: string;
  readonly keyId: string | null;
  readonly batchId: string;
  readonly seed: string;
  readonly toNumber: string;
  readonly recipientName: string | null;
  readonly fromNumber: string | null;
  readonly text: string | null;
  readonly messageType: MessageType;
  readonly udh: string | null;
  readonly smsType: SmsType;
  readonly encoding: Encoding;
  readonly segments: number;
  readonly lane: Lane;
  readonly priority: number;
  readonly status: RecordStatus;
  /** Requested providers in order; empty means smart selection. */
  readonly providers: readonly string[];
  readonly plannedProvider: string | null;
  /** How that provider was found; null in a stand-in. */
  readonly trace: PlannedTrace | null;
  readonly dueAt: Date;
  readonly scheduleAt: Date | null;
  readonly expireAt: Date;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly customId: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly callbackUrl: string | null;
  readonly request: RequestMetadata | null;
  readonly simulated: boolean;
  readonly acceptedAt: Date;
  /** All three together, or none: the request's Idempotency-Key. */
  readonly idempotencyKeyHash: string | null;
  readonly fingerprint: string | null;
  readonly idempotencyExpiresAt: Date | null;
}

/** The code of a message that the database refuses to hold as it is. */
const NOT_RECORDABLE = "NOT_RECORDABLE";

/**
 * The stand-in for a message that the database refuses: the same id for the same client, `rejected`, and nothing in it
 * that could be refused again. An accepted id is never dropped.
 * @throws TypeError when the id or the client is no UUID: such a row names nothing that could be recorded.
 */
export function makeStandIn(row: RecordRow): RecordRow {
  if (!isUuid(row.id) || !isUuid(row.clientId)) {
    throw new TypeError("id and clientId of a recorded message must be UUIDs");
  }
  const acceptedAt = isStorable(row.acceptedAt) ? row.acceptedAt : new Date(idTimeMs(row.id) ?? 0);
  return {
    ...row,
    keyId: row.keyId !== null && isUuid(row.keyId) ? row.keyId : null,
    batchId: isUuid(row.batchId) ? row.batchId : NIL_UUID,
    seed: /^[0-9a-f]{1,64}$/.test(row.seed) ? row.seed : "",
    toNumber: /^\+?[0-9]{1,16}$/.test(row.toNumber) ? row.toNumber : "",
    recipientName: null,
    fromNumber: null,
    text: null,
    messageType: "text",
    udh: null,
    smsType: "transactional",
    encoding: "gsm7",
    segments: 1,
    priority: 3,
    status: "rejected",
    providers: [],
    plannedProvider: null,
    trace: null,
    dueAt: acceptedAt,
    scheduleAt: null,
    expireAt: acceptedAt,
    errorCode: NOT_RECORDABLE,
    errorMessage: "The database cannot hold what this message contains.",
    customId: null,
    metadata: null,
    callbackUrl: null,
    request: null,
    simulated: row.simulated === true,
    acceptedAt,
    idempotencyKeyHash: null,
    fingerprint: null,
    idempotencyExpiresAt: null,
  };
}

/** Postgres reads years of four digits as `toISOString` writes them. */
function isStorable(time: Date): boolean {
  const year = time.getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** Events 1 `accepted` and 2, the status that it is recorded with. */
export const RECORDED_EVENTS = 2;

/** The row as the statement reads it. Texts of one-time passwords do not outlive the message (architecture.md 6). */
export function toMessageJson(row: RecordRow): Record<string, unknown> {
  const final = isFinalState(row.status);
  return {
    id: row.id,
    client_id: row.clientId,
    key_id: row.keyId,
    batch_id: row.batchId,
    seed: row.seed,
    to_number: row.toNumber,
    recipient_name: row.recipientName,
    from_number: row.fromNumber,
    text: final && row.smsType === "otp" ? null : row.text,
    message_type: row.messageType,
    udh: row.udh,
    sms_type: row.smsType,
    encoding: row.encoding,
    segments: row.segments,
    lane: laneNumber(row.lane),
    priority: row.priority,
    status: row.status,
    providers: row.providers,
    planned_provider: row.plannedProvider,
    due_at: row.dueAt,
    schedule_at: row.scheduleAt,
    expire_at: row.expireAt,
    error_code: row.errorCode,
    error_message: row.errorMessage,
    custom_id: row.customId,
    metadata: row.metadata,
    callback_url: row.callbackUrl,
    request: row.request,
    simulated: row.simulated,
    accepted_at: row.acceptedAt,
    event_count: RECORDED_EVENTS,
    trace: row.trace,
    final,
  };
}
