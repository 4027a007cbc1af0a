import type { MessageEventName } from "@sms-gateway/contracts";
import { ADVISORY_LOCKS } from "./advisory-locks.ts";
import { APPEND_EVENTS } from "./sql/append-events.ts";
import { runStatement, type Transaction } from "./transaction.ts";

/** One change of a message, as it is kept. */
export interface NewEvent {
  readonly messageId: string;
  readonly clientId: string;
  /** 1, 2, 3 … within the message. */
  readonly sequence: number;
  /** The new status, or what else has happened. */
  readonly status: MessageEventName;
  readonly at: Date;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Appends events at the end of a transaction; nothing but the commit may follow (architecture.md 5.8, lock order). */
export async function appendEvents(tx: Transaction, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => ({
    message_id: event.messageId,
    sequence: event.sequence,
    client_id: event.clientId,
    type: `message.${event.status}`,
    at: event.at,
    detail: event.detail ?? {},
  }));
  await runStatement(tx, APPEND_EVENTS, [JSON.stringify(rows), ADVISORY_LOCKS.EVENTS]);
}
