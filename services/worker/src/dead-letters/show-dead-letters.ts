import { ApiError, type DeadLetterList, type DeadLetterView } from "@sms-gateway/contracts";
import {
  type Database,
  type DeadLetterRecord,
  findDeadLetter,
  InvalidCursorError,
  listDeadLetters,
} from "@sms-gateway/db";
import { refuseQuery } from "../messages/read-list-query.ts";
import { maskPayload } from "./mask-payload.ts";

/** Bytes of each body that are read for a page; a longer one is shown by its beginning. */
export const BODY_BYTES_MAX = 64 * 1024;

/** One page of the dead letters, newest first. @throws ApiError INVALID_PAYLOAD for a foreign cursor. */
export async function showDeadLetters(
  db: Database,
  filter: { readonly queue?: string; readonly limit: number; readonly cursor?: string },
): Promise<DeadLetterList> {
  try {
    const { items, nextCursor } = await listDeadLetters(db, { ...filter, bodyBytesMax: BODY_BYTES_MAX });
    const page = { limit: filter.limit, has_more: nextCursor !== null, next_cursor: nextCursor };
    return { items: items.map(formatDeadLetter), ...page };
  } catch (error) {
    if (!(error instanceof InvalidCursorError)) throw error;
    throw refuseQuery([{ path: "query:cursor", message: "is no cursor of this list" }]);
  }
}

/** @throws ApiError NOT_FOUND when no letter of this id is kept. */
export async function expectDeadLetter(db: Database, id: string): Promise<void> {
  // Nothing of its body is looked at.
  if ((await findDeadLetter(db, id, 0)) !== undefined) return;
  throw new ApiError("NOT_FOUND", { message: "There is no dead letter with this id." });
}

/** A letter as operators see it: its payload masked. */
export function formatDeadLetter(record: DeadLetterRecord): DeadLetterView {
  const { id, queue, problem, partIndex, body, bytes, buriedAt, keptAt } = record;
  return {
    id,
    queue,
    reason: problem,
    part_index: partIndex,
    bytes,
    payload: maskPayload(body, body.length === bytes),
    buried_at: buriedAt.toISOString(),
    kept_at: keptAt.toISOString(),
  };
}
