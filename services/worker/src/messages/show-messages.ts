import type { MessageList } from "@sms-gateway/contracts";
import { type Database, InvalidCursorError, listMessages, type MessageFilter } from "@sms-gateway/db";
import { explainOutage } from "../directory/explain-outage.ts";
import type { Caller } from "../directory/find-caller.ts";
import { formatSummary } from "./format-message.ts";
import { refuseQuery } from "./read-list-query.ts";

/** What reading messages needs. */
export interface ReadMessagesDeps {
  readonly db: Database;
  /** ID_SECRET: tells an id that was issued from any other. */
  readonly idSecret: string;
  readonly retentionDays: number;
}

/** Whether the caller may see real messages: test keys, of which one is published, reach only the simulated carrier. */
export function seesRealMessages({ kind }: Caller): boolean {
  return kind === "live";
}

/** One page of the caller's messages. @throws ApiError INVALID_PAYLOAD for a foreign cursor, SERVICE_UNAVAILABLE. */
export async function showMessages(
  { db }: ReadMessagesDeps,
  caller: Caller,
  filter: MessageFilter,
): Promise<MessageList> {
  try {
    const { items, hasMore, nextCursor } = await listMessages(db, caller.clientId, {
      ...filter,
      ...(seesRealMessages(caller) ? {} : { simulated: true }),
    });
    return {
      items: items.map(formatSummary),
      limit: filter.limit,
      offset: filter.offset ?? 0,
      has_more: hasMore,
      next_cursor: nextCursor,
    };
  } catch (error) {
    if (!(error instanceof InvalidCursorError)) throw explainOutage(error);
    throw refuseQuery([{ path: "query:cursor", message: "is no cursor of this list" }]);
  }
}
