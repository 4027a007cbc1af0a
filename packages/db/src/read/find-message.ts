import type { Database } from "../connections.ts";
import { inPrismaTransaction } from "../transaction.ts";
import { isUuid } from "../uuid.ts";
import { type MessageRecord, toAttemptRecord, toEventRecord, toMessageSummary } from "./message-record.ts";

/** A client's message with attempts and timeline, all as of one moment; `undefined` for another client's, or none. */
export async function findMessage(db: Database, clientId: string, id: string): Promise<MessageRecord | undefined> {
  if (!isUuid(id) || !isUuid(clientId)) return undefined;
  return await inPrismaTransaction(
    db,
    async (prisma) => {
      const row = await prisma.message.findFirst({ where: { id, clientId } });
      if (row === null) return undefined;
      const attempts = await prisma.attempt.findMany({ where: { messageId: id }, orderBy: { number: "asc" } });
      const events = await prisma.event.findMany({ where: { messageId: id }, orderBy: { sequence: "asc" } });
      return {
        ...toMessageSummary(row),
        attempts: attempts.map(toAttemptRecord),
        events: events.map(toEventRecord),
      };
    },
    "RepeatableRead",
  );
}
