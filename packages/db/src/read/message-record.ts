import {
  ATTEMPT_OUTCOMES,
  type AttemptOutcome,
  ENCODINGS,
  type Encoding,
  type Lane,
  MESSAGE_STATES,
  MESSAGE_TYPES,
  type MessageState,
  type MessageType,
  REPORT_STATUSES,
  type ReportStatus,
  type RequestMetadata,
  SMS_TYPES,
  type SmsType,
  type TraceView,
} from "@sms-gateway/contracts";
import { type Amount, readAmount } from "../amount.ts";
import type { Attempt, Event, Message } from "../generated/prisma/client.ts";
import { laneAt } from "../lane-number.ts";
import { readObject, readOneOf, readOneOfOrNull, readRequest } from "./stored-values.ts";

/** A message as it is kept, for reading. The text is as sent: whoever shows it masks one-time passwords. */
export interface MessageSummaryRecord {
  readonly id: string;
  readonly clientId: string;
  readonly keyId: string | null;
  readonly batchId: string;
  readonly toNumber: string;
  readonly recipientName: string | null;
  readonly fromNumber: string | null;
  /** Null once erased. */
  readonly text: string | null;
  readonly messageType: MessageType;
  readonly udh: string | null;
  readonly smsType: SmsType;
  readonly encoding: Encoding;
  readonly segments: number;
  readonly lane: Lane;
  readonly priority: number;
  readonly status: MessageState;
  readonly providers: readonly string[];
  readonly plannedProvider: string | null;
  readonly round: number;
  readonly attemptCount: number;
  readonly dueAt: Date;
  readonly scheduleAt: Date | null;
  readonly expireAt: Date;
  readonly provider: string | null;
  readonly providerMessageId: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly customId: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly callbackUrl: string | null;
  readonly request: RequestMetadata | null;
  readonly simulated: boolean;
  readonly possibleDouble: boolean;
  readonly cost: Amount | null;
  readonly acceptedAt: Date;
  readonly queuedAt: Date | null;
  readonly sentAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly finalAt: Date | null;
  readonly updatedAt: Date;
}

/** One call of one provider, for reading. */
export interface AttemptRecord {
  readonly number: number;
  readonly provider: string;
  readonly account: "live" | "lab";
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  /** Null while it is open. */
  readonly outcome: AttemptOutcome | null;
  readonly reportStatus: ReportStatus | null;
  readonly reportAt: Date | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly providerMessageId: string | null;
  readonly segments: number | null;
  readonly price: Amount | null;
}

/** One entry of a message's timeline. */
export interface EventRecord {
  readonly sequence: number;
  /** `message.<status>`, or `message.report_missing`. */
  readonly type: string;
  readonly at: Date;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A message with its attempts and its timeline, both in order. */
export interface MessageRecord extends MessageSummaryRecord {
  readonly attempts: readonly AttemptRecord[];
  readonly events: readonly EventRecord[];
  /** Its decision trace, oldest first. */
  readonly trace: readonly TraceView[];
}

export function toMessageSummary(row: Message): MessageSummaryRecord {
  const { errorCode, errorMessage, costAmount, costCurrency, seed, tried, eventCount, trace, ...kept } = row;
  return {
    ...kept,
    messageType: readOneOf(MESSAGE_TYPES, row.messageType, "messages.message_type"),
    smsType: readOneOf(SMS_TYPES, row.smsType, "messages.sms_type"),
    encoding: readOneOf(ENCODINGS, row.encoding, "messages.encoding"),
    lane: laneAt(row.lane),
    status: readOneOf(MESSAGE_STATES, row.status, "messages.status"),
    error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? "" },
    metadata: readObject(row.metadata),
    request: readRequest(row.request),
    cost: readAmount(costAmount?.toFixed() ?? null, costCurrency),
  };
}

export function toAttemptRecord(row: Attempt): AttemptRecord {
  return {
    number: row.number,
    provider: row.provider,
    account: readOneOf(["live", "lab"], row.account, "attempts.account"),
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    outcome: readOneOfOrNull(ATTEMPT_OUTCOMES, row.outcome, "attempts.outcome"),
    reportStatus: readOneOfOrNull(REPORT_STATUSES, row.reportStatus, "attempts.report_status"),
    reportAt: row.reportAt,
    errorCode: row.errorCode,
    errorMessage: row.errorMessage,
    providerMessageId: row.providerMessageId,
    segments: row.segments,
    price: readAmount(row.priceAmount?.toFixed() ?? null, row.priceCurrency),
  };
}

export function toEventRecord({ sequence, type, at, detail }: Event): EventRecord {
  return { sequence, type, at, detail: readObject(detail) ?? {} };
}
