import {
  type DirectoryProvider,
  type DirectorySnapshot,
  KEY_SCOPES,
  PROVIDER_NAMES,
  type ProviderName,
  parseDirectorySnapshot,
} from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import type { ApiKey, Client } from "../generated/prisma/client.ts";
import { inPrismaTransaction } from "../transaction.ts";
import { readUnknownPolicies } from "./unknown-policies.ts";

/** What a provider's adapter can do; its folder knows. */
export type CapabilitiesOf = (provider: ProviderName) => DirectoryProvider["capabilities"];

/** Everything the gateway must know, as of one moment, with the version of that moment (architecture.md 5.9). */
export async function loadDirectorySnapshot(db: Database, capabilitiesOf: CapabilitiesOf): Promise<DirectorySnapshot> {
  return await inPrismaTransaction(
    db,
    async (prisma) => {
      const { version } = await prisma.directoryVersion.findUniqueOrThrow({ where: { id: 1 } });
      const clients = await prisma.client.findMany({ orderBy: { id: "asc" } });
      const keys = await prisma.apiKey.findMany({ orderBy: { id: "asc" } });
      const rows = await prisma.provider.findMany({
        include: { accounts: true },
        orderBy: [{ priority: "asc" }, { name: "asc" }],
      });
      const providers = rows.flatMap(({ name: written, enabled, paused, priority, accounts }) => {
        // A row of a provider that this version has no adapter for cannot be used.
        const name = PROVIDER_NAMES.find((known) => known === written);
        if (name === undefined) return [];
        const kinds = new Set(accounts.map(({ kind }) => kind));
        const reachable = { live: kinds.has("live"), lab: kinds.has("lab") };
        return [{ name, enabled, paused, priority, accounts: reachable, capabilities: capabilitiesOf(name) }];
      });
      return parseDirectorySnapshot({
        version: Number(version),
        clients: clients.map(toDirectoryClient),
        keys: keys.map(toDirectoryKey),
        providers,
      });
    },
    "RepeatableRead",
  );
}

function toDirectoryClient(row: Client): DirectorySnapshot["clients"][number] {
  const choices = readUnknownPolicies(row.unknownOutcomes);
  return {
    id: row.id,
    name: row.name,
    active: row.active,
    time_zone: row.timeZone,
    rate_per_second: row.ratePerSecond,
    rate_per_minute: row.ratePerMinute,
    rate_per_hour: row.ratePerHour,
    daily_quota: row.dailyQuota,
    sender: row.sender,
    ...(Object.keys(choices).length === 0 ? {} : { unknown_outcomes: choices }),
  };
}

function toDirectoryKey(row: ApiKey): Omit<DirectorySnapshot["keys"][number], "kind"> & { kind: string } {
  return {
    id: row.id,
    client_id: row.clientId,
    hash: row.hash,
    kind: row.kind,
    // Scopes that this version does not know mean nothing to it.
    scopes: KEY_SCOPES.filter((scope) => row.scopes.includes(scope)),
    expires_at: row.expiresAt?.toISOString() ?? null,
    revoked: row.revokedAt !== null,
  };
}
