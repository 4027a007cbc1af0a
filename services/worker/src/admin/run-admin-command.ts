import { randomBytes } from "node:crypto";
import {
  type AdminResult,
  AlreadyExistsError,
  type BatchRange,
  createApiKey,
  createClient,
  type Database,
  listApiKeys,
  listClients,
  listProviderStates,
  type ProviderState,
  revokeApiKey,
  setClientActive,
  setClientLimits,
  setClientUnknownOutcomes,
  setProviderEnabled,
  setProviderLimits,
  setProviderPaused,
  setProviderPriority,
  writeOffBatches,
} from "@sms-gateway/db";
import { hashApiKey } from "@sms-gateway/http";
import { formatTable } from "./format-table.ts";
import type { AdminCommand } from "./parse-admin-command.ts";

/** What was asked for cannot be done; `message` says why. */
export class AdminError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "AdminError";
  }
}

/** Random bytes of a key: 192 bits, far beyond guessing. */
const KEY_BYTES = 24;
/** Kind and the first characters, for people to tell keys apart. */
const PREFIX_LENGTH = 14;

/**
 * Does what the command says and answers what to print.
 *
 * @throws AdminError when there is no such provider, client, key or loss, or the name is taken.
 */
export async function runAdminCommand(db: Database, command: AdminCommand): Promise<string> {
  switch (command.name) {
    case "provider list":
      return await describeProviders(db);
    case "provider enable":
    case "provider disable": {
      const enabled = command.name === "provider enable";
      const result = await setProviderEnabled(db, command.provider, enabled);
      return confirm(result, `Provider ${command.provider}`, `is ${enabled ? "enabled" : "disabled"}`);
    }
    case "provider pause":
    case "provider resume": {
      const paused = command.name === "provider pause";
      const result = await setProviderPaused(db, command.provider, paused, paused ? "paused by an operator" : null);
      return confirm(result, `Provider ${command.provider}`, paused ? "is paused" : "goes on");
    }
    case "provider priority": {
      const result = await setProviderPriority(db, command.provider, command.priority);
      return confirm(result, `Provider ${command.provider}`, `has priority ${command.priority}`);
    }
    case "provider limits": {
      const result = await setProviderLimits(db, command.provider, command.limits);
      return confirm(result, `Provider ${command.provider}`, "has these limits");
    }
    case "client list":
      return await describeClients(db);
    case "client create":
      return await addClient(db, command);
    case "client activate":
    case "client deactivate": {
      const active = command.name === "client activate";
      const result = await setClientActive(db, command.clientId, active);
      return confirm(result, `Client ${command.clientId}`, `is ${active ? "active" : "inactive"}`);
    }
    case "client limits": {
      const result = await setClientLimits(db, command.clientId, command.limits);
      return confirm(result, `Client ${command.clientId}`, "has these limits");
    }
    case "client unknown-outcomes": {
      const result = await setClientUnknownOutcomes(db, command.clientId, command.choices);
      return confirm(result, `Client ${command.clientId}`, "has these choices");
    }
    case "key list":
      return await describeKeys(db, command.clientId);
    case "key create":
      return await addKey(db, command);
    case "key revoke": {
      const result = await revokeApiKey(db, command.keyId);
      if (result === "ambiguous") throw new AdminError(`Several keys begin with ${command.keyId}: give the id.`);
      return confirm(result, `Key ${command.keyId}`, "is revoked");
    }
    case "accounting close":
      return await closeLoss(db, command.batches);
  }
}

async function closeLoss(db: Database, batches: BatchRange): Promise<string> {
  const { bootId, lane, first, last } = batches;
  const writtenOff = await writeOffBatches(db, batches);
  if (writtenOff.length === 0) {
    const place = `${bootId}, lane ${lane}, from ${first} to ${last}`;
    throw new AdminError(`Nothing is missing of ${place}; GET /api/v1/admin/accounting names what is.`);
  }
  const groups = writtenOff.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const ranges = writtenOff.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
  return `Written off: ${groups === 1 ? "1 group" : `${groups} groups`} (${ranges}).`;
}

function confirm(result: AdminResult, what: string, state: string): string {
  if (result === "not_found") throw new AdminError(`${what} does not exist; the list commands show what does.`);
  return result === "changed" ? `${what} ${state}.` : `${what} ${state}; nothing had to change.`;
}

async function describeProviders(db: Database): Promise<string> {
  const rows = (await listProviderStates(db)).map((provider) => [
    provider.name,
    provider.enabled ? "enabled" : "disabled",
    provider.paused ? (provider.pausedReason ?? "paused") : "-",
    String(provider.priority),
    `${provider.openAttempts}/${provider.maxInFlight}`,
    provider.messagesPerSecond === null ? "unlimited" : String(provider.messagesPerSecond),
    describeCircuit(provider),
    provider.accounts.join(" ") || "none",
  ]);
  return formatTable(["PROVIDER", "STATE", "PAUSED", "PRIORITY", "IN FLIGHT", "/SECOND", "CIRCUIT", "ACCOUNTS"], rows);
}

function describeCircuit({ circuit, heldUntil }: ProviderState): string {
  const { state, step, opensAgainAt } = circuit;
  if (state === "open") return `open until ${opensAgainAt?.toISOString() ?? "a probe"}`;
  if (state === "half_open") return `half-open, step ${step}`;
  return heldUntil === null ? "closed" : `closed, waits until ${heldUntil.toISOString()}`;
}

async function describeClients(db: Database): Promise<string> {
  const limit = (value: number | null): string =>
    value === null ? "default" : value <= 0 ? "unlimited" : String(value);
  const rows = (await listClients(db)).map((client) => [
    client.id,
    client.name,
    client.active ? "active" : "inactive",
    client.timeZone,
    limit(client.ratePerSecond),
    limit(client.ratePerMinute),
    limit(client.ratePerHour),
    limit(client.dailyQuota),
    client.sender ?? "-",
    Object.entries(client.unknownOutcomes)
      .map(([smsType, policy]) => `${smsType}=${policy}`)
      .join(" ") || "-",
  ]);
  return formatTable(
    ["ID", "NAME", "STATE", "ZONE", "/SECOND", "/MINUTE", "/HOUR", "/DAY", "SENDER", "UNKNOWN OUTCOMES"],
    rows,
  );
}

async function describeKeys(db: Database, clientId: string | null): Promise<string> {
  const rows = (await listApiKeys(db, clientId ?? undefined)).map((key) => [
    key.id,
    key.clientId,
    `${key.prefix}…`,
    key.kind,
    key.scopes.join(","),
    key.revokedAt === null ? "valid" : "revoked",
    key.expiresAt?.toISOString() ?? "never",
  ]);
  return formatTable(["ID", "CLIENT", "KEY", "KIND", "SCOPES", "STATE", "EXPIRES"], rows);
}

async function addClient(db: Database, command: AdminCommand & { name: "client create" }): Promise<string> {
  const { clientName: name, timeZone, sender } = command;
  try {
    const id = await createClient(db, { name, timeZone, sender });
    return `Client ${name} has the id ${id}.`;
  } catch (error) {
    throw error instanceof AlreadyExistsError ? new AdminError(`There is a client called "${name}" already.`) : error;
  }
}

async function addKey(db: Database, command: AdminCommand & { name: "key create" }): Promise<string> {
  const { clientId, kind, scopes, expiresAt } = command;
  const clients = await listClients(db);
  if (!clients.some(({ id }) => id === clientId)) throw new AdminError(`Client ${clientId} does not exist.`);
  const key = `sk_${kind}_${randomBytes(KEY_BYTES).toString("base64url")}`;
  const id = await createApiKey(db, {
    clientId,
    kind,
    scopes,
    expiresAt,
    hash: hashApiKey(key),
    prefix: key.slice(0, PREFIX_LENGTH),
  });
  return `Key ${id} (${kind}, scopes ${scopes.join(", ")}). It is shown this once:\n\n  ${key}\n`;
}
