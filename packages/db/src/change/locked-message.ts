import type {
  AttemptOutcome,
  Encoding,
  Lane,
  MessageState,
  MessageType,
  ReportStatus,
  SmsType,
} from "@sms-gateway/contracts";
import { type Amount, readAmount } from "../amount.ts";
import { laneAt } from "../lane-number.ts";

/** A message under lock: what a decision about it may need. Its text is not among it. */
export interface LockedMessage {
  readonly id: string;
  readonly clientId: string;
  readonly toNumber: string;
  readonly fromNumber: string | null;
  readonly messageType: MessageType;
  readonly smsType: SmsType;
  readonly encoding: Encoding;
  readonly lane: Lane;
  readonly priority: number;
  readonly status: MessageState;
  /** Requested providers in order; empty means smart selection. */
  readonly providers: readonly string[];
  readonly plannedProvider: string | null;
  /** Providers asked in this round. */
  readonly tried: readonly string[];
  readonly round: number;
  readonly attemptCount: number;
  readonly dueAt: Date;
  readonly scheduleAt: Date | null;
  readonly expireAt: Date;
  readonly provider: string | null;
  readonly providerMessageId: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly segments: number;
  readonly cost: Amount | null;
  readonly simulated: boolean;
  readonly possibleDouble: boolean;
  readonly eventCount: number;
  readonly acceptedAt: Date;
  readonly queuedAt: Date | null;
  readonly sentAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly finalAt: Date | null;
  /** Id of the HTTP request that it came with. */
  readonly requestId: string | null;
  /** The database's clock, read under the lock: compare deadlines and leases with it, never with the worker's clock. */
  readonly now: Date;
}

/** What a rejection is about: no provider takes such a message or such a number, or this provider takes none of ours. */
export type RefusalScope = "message" | "recipient" | "provider";

/** One call of one provider. `outcome` is null while it is open. */
export interface AttemptRow {
  readonly messageId: string;
  readonly number: number;
  readonly provider: string;
  readonly account: "live" | "lab";
  readonly leaseUntil: Date;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly outcome: AttemptOutcome | null;
  readonly reportStatus: ReportStatus | null;
  readonly reportAt: Date | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly providerMessageId: string | null;
  readonly segments: number | null;
  readonly price: Amount | null;
  /** When it is looked at next; null: never. */
  readonly checkAt: Date | null;
  /** What its provider has refused; null unless it was rejected by a version that writes it down. */
  readonly refusalScope: RefusalScope | null;
}

/** As `LOCK_MESSAGES` answers. */
export interface LockedMessageColumns {
  id: string;
  client_id: string;
  to_number: string;
  from_number: string | null;
  message_type: MessageType;
  sms_type: SmsType;
  encoding: Encoding;
  lane: number;
  priority: number;
  status: MessageState;
  providers: string[];
  planned_provider: string | null;
  tried: string[];
  round: number;
  attempt_count: number;
  due_at: Date;
  schedule_at: Date | null;
  expire_at: Date;
  provider: string | null;
  provider_message_id: string | null;
  error_code: string | null;
  error_message: string | null;
  segments: number;
  cost_amount: string | null;
  cost_currency: string | null;
  simulated: boolean;
  possible_double: boolean;
  event_count: number;
  accepted_at: Date;
  queued_at: Date | null;
  sent_at: Date | null;
  delivered_at: Date | null;
  final_at: Date | null;
  request_id: string | null;
}

/** As `READ_ATTEMPTS` answers; all but `now` is null in the row that stands for "no attempt at all". */
export interface AttemptColumns {
  message_id: string;
  number: number;
  provider: string;
  account: "live" | "lab";
  lease_until: Date;
  started_at: Date;
  finished_at: Date | null;
  outcome: AttemptOutcome | null;
  report_status: ReportStatus | null;
  report_at: Date | null;
  error_code: string | null;
  error_message: string | null;
  provider_message_id: string | null;
  segments: number | null;
  price_amount: string | null;
  price_currency: string | null;
  check_at: Date | null;
  refusal_scope: RefusalScope | null;
}

export function toLockedMessage(row: LockedMessageColumns, now: Date): LockedMessage {
  return {
    id: row.id,
    clientId: row.client_id,
    toNumber: row.to_number,
    fromNumber: row.from_number,
    messageType: row.message_type,
    smsType: row.sms_type,
    encoding: row.encoding,
    lane: laneAt(row.lane),
    priority: row.priority,
    status: row.status,
    providers: row.providers,
    plannedProvider: row.planned_provider,
    tried: row.tried,
    round: row.round,
    attemptCount: row.attempt_count,
    dueAt: row.due_at,
    scheduleAt: row.schedule_at,
    expireAt: row.expire_at,
    provider: row.provider,
    providerMessageId: row.provider_message_id,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    segments: row.segments,
    cost: readAmount(row.cost_amount, row.cost_currency),
    simulated: row.simulated,
    possibleDouble: row.possible_double,
    eventCount: row.event_count,
    acceptedAt: row.accepted_at,
    queuedAt: row.queued_at,
    sentAt: row.sent_at,
    deliveredAt: row.delivered_at,
    finalAt: row.final_at,
    requestId: row.request_id,
    now,
  };
}

export function toAttemptRow(row: AttemptColumns): AttemptRow {
  return {
    messageId: row.message_id,
    number: row.number,
    provider: row.provider,
    account: row.account,
    leaseUntil: row.lease_until,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    outcome: row.outcome,
    reportStatus: row.report_status,
    reportAt: row.report_at,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    providerMessageId: row.provider_message_id,
    segments: row.segments,
    price: readAmount(row.price_amount, row.price_currency),
    checkAt: row.check_at,
    refusalScope: row.refusal_scope,
  };
}
