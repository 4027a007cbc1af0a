import type { Database } from "../connections.ts";
import { readOneOf } from "../read/stored-values.ts";
import { askPrisma } from "../transaction.ts";
import { type AdminResult, changeDirectory, toAdminResult } from "./directory-version.ts";

/** One way to a carrier: `live` a real one, `lab` the simulated one. */
export interface ProviderAccount {
  readonly provider: string;
  readonly kind: "live" | "lab";
  /** What speaks to it. */
  readonly adapter: string;
}

export interface ProviderRecord {
  readonly name: string;
  readonly enabled: boolean;
  readonly paused: boolean;
  readonly pausedReason: string | null;
  /** 1 is asked first. */
  readonly priority: number;
  /** Most open attempts, over all workers. */
  readonly maxInFlight: number;
  readonly weight: number;
  readonly accounts: readonly ProviderAccount[];
}

/** Switches a provider on or off, as an operator wants it. */
export async function setProviderEnabled(db: Database, name: string, enabled: boolean): Promise<AdminResult> {
  return await changeDirectory(db, async (prisma) => {
    const data = { enabled, updatedAt: new Date() };
    const { count } = await prisma.provider.updateMany({ where: { name, enabled: !enabled }, data });
    return toAdminResult(count, (await prisma.provider.count({ where: { name } })) > 0);
  });
}

/** Pauses a provider with a reason that people can read, or lets it go on. */
export async function setProviderPaused(
  db: Database,
  name: string,
  paused: boolean,
  reason: string | null,
): Promise<AdminResult> {
  const pausedReason = paused ? (reason ?? "") : null;
  return await changeDirectory(db, async (prisma) => {
    const differs = pausedReason === null ? { paused: true } : { OR: [{ paused: false }, { NOT: { pausedReason } }] };
    const data = { paused, pausedReason, updatedAt: new Date() };
    const { count } = await prisma.provider.updateMany({ where: { name, ...differs }, data });
    return toAdminResult(count, (await prisma.provider.count({ where: { name } })) > 0);
  });
}

/** Sets the order in which providers are asked; 1 is first. */
export async function setProviderPriority(db: Database, name: string, priority: number): Promise<AdminResult> {
  return await changeDirectory(db, async (prisma) => {
    const data = { priority, updatedAt: new Date() };
    const { count } = await prisma.provider.updateMany({ where: { name, NOT: { priority } }, data });
    return toAdminResult(count, (await prisma.provider.count({ where: { name } })) > 0);
  });
}

/** All providers in the order in which they are asked, with their accounts. */
export async function listProviders(db: Database): Promise<ProviderRecord[]> {
  const rows = await askPrisma(db, (prisma) =>
    prisma.provider.findMany({
      include: { accounts: { orderBy: { kind: "asc" } } },
      orderBy: [{ priority: "asc" }, { name: "asc" }],
    }),
  );
  return rows.map(({ createdAt, updatedAt, accounts, ...kept }) => ({
    ...kept,
    accounts: accounts.map(({ provider, adapter, kind }) => ({
      provider,
      adapter,
      kind: readOneOf(["live", "lab"], kind, "provider_accounts.kind"),
    })),
  }));
}

/**
 * Makes the table of accounts equal to this list: what the worker's settings give each provider. Raises the version
 * only when something changed.
 */
export async function setProviderAccounts(db: Database, accounts: readonly ProviderAccount[]): Promise<AdminResult> {
  return await changeDirectory(db, async (prisma) => {
    // Workers that start together take turns, or both would add the same rows.
    await prisma.$executeRaw`lock table provider_accounts in share row exclusive mode`;
    const present = await prisma.providerAccount.findMany();
    const wanted = new Set(accounts.map(nameOf));
    const known = new Set(present.map(nameOf));
    const stale = present.filter((account) => !wanted.has(nameOf(account)));
    const missing = accounts.filter((account) => !known.has(nameOf(account)));
    for (const { provider, kind } of stale) {
      await prisma.providerAccount.delete({ where: { provider_kind: { provider, kind } } });
    }
    await prisma.providerAccount.createMany({ data: missing });
    return toAdminResult(stale.length + missing.length, true);
  });
}

function nameOf({ provider, kind, adapter }: { provider: string; kind: string; adapter: string }): string {
  return JSON.stringify([provider, kind, adapter]);
}
