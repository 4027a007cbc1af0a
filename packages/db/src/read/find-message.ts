import type { Database } from "../connections.ts";
import type { Prisma } from "../generated/prisma/client.ts";
import { inPrismaTransaction } from "../transaction.ts";
import { isUuid } from "../uuid.ts";
import { type MessageRecord, toAttemptRecord, toEventRecord, toMessageSummary } from "./message-record.ts";
import { readTrace } from "./read-trace.ts";

/**
 * A client's message with attempts and timeline, all as of one moment; for an alias the message that answers for it.
 * `undefined` for another client's, or none.
 */
export async function findMessage(db: Database, clientId: string, id: string): Promise<MessageRecord | undefined> {
  if (!isUuid(id) || !isUuid(clientId)) return undefined;
  return await inPrismaTransaction(
    db,
    async (prisma) => {
      const row =
        (await prisma.message.findFirst({ where: { id, clientId } })) ?? (await findFirst(prisma, clientId, id));
      if (row === null) return undefined;
      const messageId = row.id;
      const attempts = await prisma.attempt.findMany({ where: { messageId }, orderBy: { number: "asc" } });
      const events = await prisma.event.findMany({ where: { messageId }, orderBy: { sequence: "asc" } });
      return {
        ...toMessageSummary(row),
        attempts: attempts.map(toAttemptRecord),
        events: events.map(toEventRecord),
        trace: readTrace(row.trace),
      };
    },
    "RepeatableRead",
  );
}

async function findFirst(prisma: Prisma.TransactionClient, clientId: string, id: string) {
  const alias = await prisma.messageAlias.findFirst({ where: { id, clientId } });
  return alias === null ? null : await prisma.message.findFirst({ where: { id: alias.messageId, clientId } });
}
