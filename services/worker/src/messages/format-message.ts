import type { AttemptView, EventView, MessageSummary, MessageView } from "@sms-gateway/contracts";
import type { AttemptRecord, EventRecord, MessageRecord, MessageSummaryRecord } from "@sms-gateway/db";

/** Stands for the text of every one-time password, whatever its length (architecture.md section 6). */
const MASKED_TEXT = "******";

/** A message with its attempts and its timeline as clients see it; with its decision trace where that is asked for. */
export function formatMessage(record: MessageRecord, { withTrace = false } = {}): MessageView {
  return {
    ...formatSummary(record),
    attempts: record.attempts.map(formatAttempt),
    events: record.events.map(formatEvent),
    ...(withTrace ? { trace: [...record.trace] } : {}),
  };
}

/** A message as clients see it in a list. */
export function formatSummary(record: MessageSummaryRecord): MessageSummary {
  return {
    id: record.id,
    tracking_id: record.id,
    batch_id: record.batchId,
    custom_id: record.customId,
    to: record.toNumber,
    from_number: record.fromNumber,
    message: record.smsType === "otp" && record.text !== null ? MASKED_TEXT : record.text,
    message_type: record.messageType,
    sms_type: record.smsType,
    encoding: record.encoding,
    segments: record.segments,
    priority: record.priority,
    status: record.status,
    error: record.error,
    provider: record.provider,
    provider_message_id: record.providerMessageId,
    simulated: record.simulated,
    possible_double: record.possibleDouble,
    cost: record.cost,
    metadata: record.metadata,
    callback_url: record.callbackUrl,
    request: record.request,
    schedule_at: formatTime(record.scheduleAt),
    expire_at: formatTime(record.expireAt),
    created_at: record.acceptedAt.toISOString(),
    queued_at: formatTime(record.queuedAt),
    sent_at: formatTime(record.sentAt),
    delivered_at: formatTime(record.deliveredAt),
    updated_at: record.updatedAt.toISOString(),
  };
}

function formatAttempt(attempt: AttemptRecord): AttemptView {
  return {
    number: attempt.number,
    provider: attempt.provider,
    outcome: attempt.outcome,
    status: attempt.reportStatus,
    error_code: attempt.errorCode,
    error_message: attempt.errorMessage,
    provider_message_id: attempt.providerMessageId,
    started_at: attempt.startedAt.toISOString(),
    finished_at: formatTime(attempt.finishedAt),
  };
}

function formatEvent({ sequence, type, at, detail }: EventRecord): EventView {
  return { sequence, type, at: at.toISOString(), detail };
}

function formatTime(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
