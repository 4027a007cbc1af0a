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
 * Raises the version above `above` though nothing has changed: for a database that was restored to an older state than
 * the one that was published. Does nothing when the version is higher already.
 */
export async function raiseDirectoryVersion(db: Database, above: number): Promise<void> {
  await inPrismaTransaction(db, async (prisma) => {
    const { version } = await prisma.directoryVersion.findUniqueOrThrow({ where: ONLY_ROW });
    if (version <= above) await raiseVersion(prisma, above);
  });
}

/**
 * $1 a version. Above the present one, above that, and never below the milliseconds since 1970: a database that was
 * restored to an older state would else count on from there, and gateways take no version below the one they know.
 */
export const RAISE_VERSION = `
update directory_version
set version = greatest(version + 1, $1::bigint + 1, (extract(epoch from clock_timestamp()) * 1000)::bigint)
where id = 1`;

async function raiseVersion(prisma: Prisma.TransactionClient, above = 0): Promise<void> {
  await prisma.$executeRawUnsafe(RAISE_VERSION, above);
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
    if (changed) await raiseVersion(prisma);
    return result;
  });
}

/** The result of an update that finds only rows which differ: `count` of those, and whether there is such a row at all. */
export function toAdminResult(count: number, exists: boolean): { changed: boolean; result: AdminResult } {
  if (count > 0) return { changed: true, result: "changed" };
  return { changed: false, result: exists ? "unchanged" : "not_found" };
}
