import {
  type AcceptedEnvelope,
  type DirectoryClient,
  type EnvelopeRecipient,
  laneOf,
  type ProviderName,
} from "@sms-gateway/contracts";
import type { RecordRow, RecordStatus } from "@sms-gateway/db";
import {
  type PlanningContext,
  type PlanRequest,
  planProvider,
  planWaitingProvider,
  probingOf,
  tracePlan,
} from "../delivery/plan-provider.ts";

/** What recording looks at, beside the envelope. */
export interface RecordContext extends PlanningContext {
  /** The client as the directory knows it; `undefined` when it is newer than our copy. */
  readonly client: DirectoryClient | undefined;
  /** This process's clock; the database takes the earlier of its own and this for what is due now. */
  readonly now: Date;
}

/**
 * The rows of one accepted request: each message gets its status, its planned provider and when it is due (architecture.md
 * 5.3, 5.4). Pure but for the circuits, which are asked for each message: a provider that returns step by step takes some of
 * them. Rejected when its client was deactivated meanwhile. Whether the time of a scheduled message has come and whether its
 * life is over is for the database to say, by its own clock: as it records, and in its sweep.
 */
export function planRecord(envelope: AcceptedEnvelope, context: RecordContext): RecordRow[] {
  const beginning = begin(envelope, context);
  const request: PlanRequest = {
    requested: envelope.providers,
    simulated: envelope.simulated,
    messageType: envelope.message_type,
    sender: envelope.from_number,
    tried: new Set<ProviderName>(),
    ruledOut: new Set<ProviderName>(),
    ...probingOf(laneOf(envelope.sms_type, envelope.priority), { isLater: beginning.dueAt > context.now }),
  };
  return envelope.recipients.map((recipient) => {
    const now = planProvider(request, context);
    const plan = now.provider === null ? planWaitingProvider(request, context) : now;
    return {
      ...toFields(envelope, recipient),
      ...beginning,
      plannedProvider: plan.provider,
      trace: tracePlan("record", plan),
    };
  });
}

type Beginning = Pick<RecordRow, "status" | "dueAt" | "errorCode" | "errorMessage">;

function begin(envelope: AcceptedEnvelope, { client, now }: RecordContext): Beginning {
  const start = (status: RecordStatus, dueAt: Date): Beginning => ({
    status,
    dueAt,
    errorCode: null,
    errorMessage: null,
  });
  if (client?.active === false) {
    const errorMessage = "The client was deactivated before the message was sent.";
    return { status: "rejected", dueAt: now, errorCode: "CLIENT_INACTIVE", errorMessage };
  }
  return envelope.schedule_at === null ? start("queued", now) : start("scheduled", new Date(envelope.schedule_at));
}

type Fields = Omit<RecordRow, keyof Beginning | "plannedProvider" | "trace">;

function toFields(envelope: AcceptedEnvelope, recipient: EnvelopeRecipient): Fields {
  return {
    id: recipient.id,
    clientId: envelope.client_id,
    keyId: envelope.key_id,
    batchId: envelope.batch_id,
    seed: envelope.seed,
    toNumber: recipient.to,
    recipientName: recipient.name ?? null,
    fromNumber: envelope.from_number,
    text: envelope.text,
    messageType: envelope.message_type,
    udh: envelope.udh,
    smsType: envelope.sms_type,
    encoding: envelope.encoding,
    segments: envelope.segments,
    lane: laneOf(envelope.sms_type, envelope.priority),
    priority: envelope.priority,
    providers: envelope.providers,
    scheduleAt: envelope.schedule_at === null ? null : new Date(envelope.schedule_at),
    expireAt: new Date(envelope.expire_at),
    customId: envelope.custom_id,
    metadata: envelope.metadata,
    callbackUrl: envelope.callback_url,
    request: envelope.request,
    simulated: envelope.simulated,
    acceptedAt: new Date(envelope.accepted_at),
    idempotencyKeyHash: envelope.idempotency_key_hash,
    fingerprint: envelope.fingerprint,
    idempotencyExpiresAt: envelope.idempotency_expires_at === null ? null : new Date(envelope.idempotency_expires_at),
  };
}
