import type { Database } from "../connections.ts";
import { askPrisma } from "../transaction.ts";
import { isUuid } from "../uuid.ts";

/** The message that answers for one of the client's ids that is an alias; `undefined` for any other id. */
export async function findAlias(db: Database, clientId: string, id: string): Promise<string | undefined> {
  if (!isUuid(id) || !isUuid(clientId)) return undefined;
  const alias = await askPrisma(db, (prisma) => prisma.messageAlias.findFirst({ where: { id, clientId } }));
  return alias?.messageId;
}
