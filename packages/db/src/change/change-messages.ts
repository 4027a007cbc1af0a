import type { Lane, MessageState, SmsType, TransitionCause } from "@sms-gateway/contracts";
import { appendEvents, type NewEvent } from "../append-events.ts";
import type { Database } from "../connections.ts";
import { LOCK_MESSAGES } from "../sql/lock-messages.ts";
import { READ_ATTEMPTS } from "../sql/read-attempts.ts";
import { UPDATE_ATTEMPTS } from "../sql/update-attempts.ts";
import { UPDATE_MESSAGES } from "../sql/update-messages.ts";
import { inTransaction, runStatement, type Transaction } from "../transaction.ts";
import {
  type AttemptColumns,
  type AttemptRow,
  type LockedMessage,
  type LockedMessageColumns,
  toAttemptRow,
  toLockedMessage,
} from "./locked-message.ts";
import {
  type MessageChange,
  nameEvent,
  refuseForbidden,
  sentAtAfter,
  toAttemptUpdates,
  toMessageUpdate,
} from "./message-change.ts";

/**
 * Decides what becomes of one message, from its row and all its attempts. Pure: it may be asked again about newer rows,
 * after a deadlock. `null` means nothing changes.
 */
export type Decide = (message: LockedMessage, attempts: readonly AttemptRow[]) => MessageChange | null;

/** One change of status that has happened, with what metrics need to know of its message. */
export interface StatusChange {
  readonly id: string;
  readonly clientId: string;
  readonly from: MessageState;
  readonly to: MessageState;
  readonly cause: TransitionCause;
  readonly sequence: number;
  readonly at: Date;
  readonly smsType: SmsType;
  readonly lane: Lane;
  readonly provider: string | null;
  readonly acceptedAt: Date;
  /** When a provider took it; null when none has. */
  readonly sentAt: Date | null;
  readonly simulated: boolean;
}

/** Messages in one transaction. Larger batches gain little and hold the events' lock for longer. */
const MESSAGES_MAX = 1_000;

/**
 * The one function that changes the status of recorded messages (claiming, the one bulk statement beside it, is checked
 * against the same table by a test). Locks the messages in id order, reads their attempts, asks `decide` about each, and
 * writes the changes as batches, each change of status with its event. Ids that do not exist are left out. Several things
 * that happened to one message are folded by the caller into one decision. Answers the changes of status, by id. More than
 * 1 000 messages are several transactions.
 * @throws ForbiddenTransitionError when a decision leaves the table; nothing of its transaction happens then.
 * @throws DatabaseUnavailableError when the database is away.
 */
export async function changeMessages(
  db: Database,
  ids: readonly string[],
  cause: TransitionCause,
  decide: Decide,
): Promise<StatusChange[]> {
  const sorted = [...new Set(ids)].sort();
  const changes: StatusChange[] = [];
  for (let start = 0; start < sorted.length; start += MESSAGES_MAX) {
    const batch = sorted.slice(start, start + MESSAGES_MAX);
    changes.push(...(await inTransaction(db, (tx) => changeBatch(tx, batch, cause, decide))));
  }
  return changes;
}

async function changeBatch(
  tx: Transaction,
  ids: readonly string[],
  cause: TransitionCause,
  decide: Decide,
): Promise<StatusChange[]> {
  const decisions = (await lockMessages(tx, ids)).flatMap(({ message, attempts }) => {
    const change = decide(message, attempts);
    if (change === null) return [];
    refuseForbidden(message, change, cause);
    return [{ message, change, attemptUpdates: toAttemptUpdates(message, attempts, change) }];
  });
  const attemptUpdates = decisions.flatMap((decision) => decision.attemptUpdates);
  if (attemptUpdates.length > 0) await runStatement(tx, UPDATE_ATTEMPTS, [JSON.stringify(attemptUpdates)]);
  const messageUpdates = decisions.map(({ message, change }) => toMessageUpdate(message, change));
  if (messageUpdates.length > 0) await runStatement(tx, UPDATE_MESSAGES, [JSON.stringify(messageUpdates)]);
  await appendEvents(
    tx,
    decisions.flatMap(({ message, change }) => toEvent(message, change)),
  );
  return decisions.flatMap(({ message, change }) => toStatusChange(message, change, cause));
}

interface Locked {
  readonly message: LockedMessage;
  readonly attempts: readonly AttemptRow[];
}

async function lockMessages(tx: Transaction, ids: readonly string[]): Promise<Locked[]> {
  const messages = await runStatement<LockedMessageColumns>(tx, LOCK_MESSAGES, [ids]);
  if (messages.length === 0) return [];
  const rows = await runStatement<ClockedAttempt>(tx, READ_ATTEMPTS, [messages.map(({ id }) => id)]);
  const now = rows[0]?.now ?? new Date();
  const byMessage = new Map<string, AttemptRow[]>(messages.map(({ id }) => [id, []]));
  for (const row of rows.filter(isAttempt)) byMessage.get(row.message_id)?.push(toAttemptRow(row));
  return messages.map((row) => ({ message: toLockedMessage(row, now), attempts: byMessage.get(row.id) ?? [] }));
}

type ClockedAttempt = { now: Date } & (AttemptColumns | { [Column in keyof AttemptColumns]: null });

function isAttempt(row: ClockedAttempt): row is AttemptColumns & { now: Date } {
  return row.message_id !== null;
}

function toEvent(message: LockedMessage, change: MessageChange): NewEvent[] {
  const name = nameEvent(message, change);
  if (name === undefined) return [];
  const { id: messageId, clientId, now: at } = message;
  const detail = change.eventDetail ?? {};
  return [{ messageId, clientId, sequence: message.eventCount + 1, status: name, at, detail }];
}

function toStatusChange(message: LockedMessage, change: MessageChange, cause: TransitionCause): StatusChange[] {
  const { status: to = message.status } = change;
  if (to === message.status) return [];
  const { id, clientId, status: from, now: at, smsType, lane, acceptedAt, simulated } = message;
  const sequence = message.eventCount + 1;
  const sentAt = sentAtAfter(message, to);
  const provider = change.provider === undefined ? message.provider : change.provider;
  return [{ id, clientId, from, to, cause, sequence, at, smsType, lane, provider, acceptedAt, sentAt, simulated }];
}
