import type { Database } from "../connections.ts";
import type { Prisma, Provider } from "../generated/prisma/client.ts";
import { type AdminResult, changeDirectory, toAdminResult } from "./directory-version.ts";

/** One way to a carrier: `live` a real one, `lab` the simulated one. */
export interface ProviderAccount {
  readonly provider: string;
  readonly kind: "live" | "lab";
  /** What speaks to it. */
  readonly adapter: string;
}

/** What an operator may limit; what is not given stays. */
export interface ProviderLimits {
  readonly maxInFlight?: number;
  readonly messagesPerSecond?: number | null;
}

/** Switches a provider on or off, as an operator wants it. */
export async function setProviderEnabled(db: Database, name: string, enabled: boolean): Promise<AdminResult> {
  const word = (is: boolean): string => (is ? "enabled" : "disabled");
  return await changeProvider(db, name, (row) => {
    if (row.enabled === enabled) return null;
    return { data: { enabled }, from: word(row.enabled), to: word(enabled), reason: "switched" };
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
  const word = (is: boolean): string => (is ? "paused" : "running");
  return await changeProvider(db, name, (row) => {
    if (row.paused === paused && (!paused || row.pausedReason === pausedReason)) return null;
    const data = { paused, pausedReason };
    return { data, from: word(row.paused), to: word(paused), reason: pausedReason ?? "resumed" };
  });
}

/** Sets the order in which providers are asked; 1 is first. */
export async function setProviderPriority(db: Database, name: string, priority: number): Promise<AdminResult> {
  return await changeProvider(db, name, (row) => {
    if (row.priority === priority) return null;
    return { data: { priority }, from: `priority ${row.priority}`, to: `priority ${priority}`, reason: "ordered" };
  });
}

/** Limits what a provider gets, over all workers: calls at a time, and segments in a second. */
export async function setProviderLimits(db: Database, name: string, limits: ProviderLimits): Promise<AdminResult> {
  const word = ({ maxInFlight, messagesPerSecond }: Required<ProviderLimits>): string =>
    `${maxInFlight} in flight, ${messagesPerSecond ?? "unlimited"} per second`;
  return await changeProvider(db, name, (row) => {
    const data = {
      maxInFlight: limits.maxInFlight ?? row.maxInFlight,
      messagesPerSecond: limits.messagesPerSecond === undefined ? row.messagesPerSecond : limits.messagesPerSecond,
    };
    if (data.maxInFlight === row.maxInFlight && data.messagesPerSecond === row.messagesPerSecond) return null;
    return { data, from: word(row), to: word(data), reason: "limited" };
  });
}

/** What an operator changes of a provider, and how its changes tell of it. */
interface OperatorChange {
  readonly data: Prisma.ProviderUpdateInput;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** Decides under the lock on the provider's row, so that the record of changes tells what really was there before. */
async function changeProvider(
  db: Database,
  name: string,
  decide: (row: Provider) => OperatorChange | null,
): Promise<AdminResult> {
  return await changeDirectory(db, async (prisma) => {
    await prisma.$queryRaw`select name from providers where name = ${name} for no key update`;
    const row = await prisma.provider.findUnique({ where: { name } });
    const change = row === null ? null : decide(row);
    if (change === null) return toAdminResult(0, row !== null);
    const { data, from, to, reason } = change;
    await prisma.provider.update({ where: { name }, data: { ...data, updatedAt: new Date() } });
    await prisma.providerChange.create({
      data: { provider: name, fromState: from, toState: to, reason, detail: { by: "operator" } },
    });
    return toAdminResult(1, true);
  });
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
