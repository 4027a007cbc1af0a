import { ApiError, type MessageList } from "@sms-gateway/contracts";
import { type Database, DatabaseUnavailableError, InvalidCursorError, listMessages, type MessageFilter } from "@sms-gateway/db";
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

/** After an outage of the database nobody need wait longer than its connections take to come back. */
const RETRY_AFTER_S = 2;

/** One page of the caller's messages. @throws ApiError INVALID_PAYLOAD for a foreign cursor, SERVICE_UNAVAILABLE. */
export async function showMessages(
  { db }: ReadMessagesDeps,
  { clientId }: Caller,
  filter: MessageFilter,
): Promise<MessageList> {
  try {
    const { items, hasMore, nextCursor } = await listMessages(db, clientId, filter);
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

/** What a client is told when the database is away; every other error stays as it is. */
export function explainOutage(error: unknown): unknown {
  if (!(error instanceof DatabaseUnavailableError)) return error;
  const details = { reason: "database_unreachable" };
  return new ApiError("SERVICE_UNAVAILABLE", { details, retryAfterS: RETRY_AFTER_S, cause: error });
}
