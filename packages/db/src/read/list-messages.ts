import type { MessageState, SmsType } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import type { Prisma } from "../generated/prisma/client.ts";
import { askPrisma } from "../transaction.ts";
import { firstIdAt, isUuid } from "../uuid.ts";
import { type MessageSummaryRecord, toMessageSummary } from "./message-record.ts";

/** What `GET /api/v1/sms` can ask for. */
export interface MessageFilter {
  readonly status?: MessageState;
  readonly smsType?: SmsType;
  readonly to?: string;
  readonly provider?: string;
  readonly batchId?: string;
  readonly customId?: string;
  /** Only simulated ones, or only real ones. */
  readonly simulated?: boolean;
  /** Accepted at this time or later, by the time in the id. */
  readonly dateFrom?: Date;
  /** Accepted at this time or earlier. */
  readonly dateTo?: Date;
  readonly limit: number;
  /** Messages to leave out at the beginning; counts from the cursor when there is one. */
  readonly offset?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface MessagePage {
  /** Newest first. */
  readonly items: readonly MessageSummaryRecord[];
  readonly hasMore: boolean;
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

/** The cursor did not come from here. */
export class InvalidCursorError extends Error {
  constructor() {
    super("cursor must be the next_cursor of an earlier answer");
    this.name = "InvalidCursorError";
  }
}

/**
 * A client's messages, newest first: in order of ids, which begin with the time of acceptance. Pages by cursor stay
 * right while new messages come in; an offset shifts with them, and costs more the larger it is.
 * @throws InvalidCursorError
 */
export async function listMessages(db: Database, clientId: string, filter: MessageFilter): Promise<MessagePage> {
  const { limit, offset = 0, batchId } = filter;
  const cursorId = filter.cursor === undefined ? undefined : readCursor(filter.cursor);
  if (batchId !== undefined && !isUuid(batchId)) return { items: [], hasMore: false, nextCursor: null };
  const where: Prisma.MessageWhereInput = {
    clientId,
    ...equalities(filter),
    AND: idBounds(filter, cursorId),
  };
  const query = { where, orderBy: { id: "desc" }, skip: offset, take: limit + 1 } as const;
  const rows = await askPrisma(db, (prisma) => prisma.message.findMany(query));
  const items = rows.slice(0, limit).map(toMessageSummary);
  const hasMore = rows.length > limit;
  const last = items.at(-1);
  return { items, hasMore, nextCursor: hasMore && last !== undefined ? makeCursor(last.id) : null };
}

/** Bounds on the id, not on `accepted_at`: they choose the partitions and follow the order of the index. */
function idBounds({ dateFrom, dateTo }: MessageFilter, cursorId: string | undefined): Prisma.MessageWhereInput[] {
  return [
    ...(dateFrom === undefined ? [] : [{ id: { gte: firstIdAt(dateFrom.getTime()) } }]),
    ...(dateTo === undefined ? [] : [{ id: { lt: firstIdAt(dateTo.getTime() + 1) } }]),
    ...(cursorId === undefined ? [] : [{ id: { lt: cursorId } }]),
  ];
}

function equalities({
  status,
  smsType,
  to,
  provider,
  batchId,
  customId,
  simulated,
}: MessageFilter): Prisma.MessageWhereInput {
  return {
    ...(status === undefined ? {} : { status }),
    ...(smsType === undefined ? {} : { smsType }),
    ...(to === undefined ? {} : { toNumber: to }),
    ...(provider === undefined ? {} : { provider }),
    ...(batchId === undefined ? {} : { batchId }),
    ...(customId === undefined ? {} : { customId }),
    ...(simulated === undefined ? {} : { simulated }),
  };
}

const UUID_BYTES = 16;

function makeCursor(id: string): string {
  return Buffer.from(id.replaceAll("-", ""), "hex").toString("base64url");
}

function readCursor(cursor: string): string {
  const hex = Buffer.from(cursor, "base64url").toString("hex");
  if (hex.length !== UUID_BYTES * 2) throw new InvalidCursorError();
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  if (makeCursor(id) !== cursor) throw new InvalidCursorError();
  return id;
}
