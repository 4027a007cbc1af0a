import type { Database } from "../connections.ts";
import type { Prisma } from "../generated/prisma/client.ts";
import { askPrisma, inPrismaTransaction } from "../transaction.ts";

const ONLY_ROW = { id: 1 };

/** How an administrative action ended. Only `changed` has raised the directory's version. */
export type AdminResult = "changed" | "unchanged" | "not_found";

/** The present version of the directory. It only ever rises, and each change is visible no later than its version. */
export async function readDirectoryVersion(db: Database): Promise<number> {
  const row = await askPrisma(db, (prisma) => prisma.directoryVersion.findUniqueOrThrow({ where: ONLY_ROW }));
  return Number(row.version);
}

/**
 * Changes configuration and raises the version in the same transaction, last, unless `change` says that nothing changed.
 */
export async function changeDirectory<Result>(
  db: Database,
  change: (prisma: Prisma.TransactionClient) => Promise<{ changed: boolean; result: Result }>,
): Promise<Result> {
  return await inPrismaTransaction(db, async (prisma) => {
    const { changed, result } = await change(prisma);
    if (changed) await prisma.directoryVersion.update({ where: ONLY_ROW, data: { version: { increment: 1 } } });
    return result;
  });
}

/** The result of an update that finds only rows which differ: `count` of those, and whether there is such a row at all. */
export function toAdminResult(count: number, exists: boolean): { changed: boolean; result: AdminResult } {
  if (count > 0) return { changed: true, result: "changed" };
  return { changed: false, result: exists ? "unchanged" : "not_found" };
}
