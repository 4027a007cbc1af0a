import { KEY_SCOPES, type KeyScope } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import type { ApiKey } from "../generated/prisma/client.ts";
import { readOneOf } from "../read/stored-values.ts";
import { askPrisma } from "../transaction.ts";
import { isUuid, makeRandomId } from "../uuid.ts";
import { type AdminResult, changeDirectory } from "./directory-version.ts";

const KEY_KINDS = ["live", "test"] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

export interface NewApiKey {
  readonly clientId: string;
  /** A test key only ever reaches the simulated carrier. */
  readonly kind: KeyKind;
  readonly scopes: readonly KeyScope[];
  /** SHA-256 of the key, hex. The key itself is never kept. */
  readonly hash: string;
  /** The beginning of the key, for people to tell keys apart. */
  readonly prefix: string;
  /** Null or not given: it does not expire. */
  readonly expiresAt?: Date | null;
}

export interface ApiKeyRecord {
  readonly id: string;
  readonly clientId: string;
  readonly prefix: string;
  readonly kind: KeyKind;
  readonly scopes: readonly KeyScope[];
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly createdAt: Date;
}

/**
 * Creates a key; answers its id.
 * @throws AlreadyExistsError when that key exists already.
 */
export async function createApiKey(db: Database, key: NewApiKey): Promise<string> {
  const { clientId, kind, hash, prefix, expiresAt = null } = key;
  const data = { id: makeRandomId(Date.now()), clientId, kind, hash, prefix, expiresAt, scopes: [...key.scopes] };
  return await changeDirectory(db, async (prisma) => {
    await prisma.apiKey.create({ data });
    return { changed: true, result: data.id };
  });
}

/** Revokes a key for good. A prefix that several keys share names none of them: `ambiguous`. */
export async function revokeApiKey(db: Database, idOrPrefix: string): Promise<AdminResult | "ambiguous"> {
  const where = isUuid(idOrPrefix) ? { OR: [{ id: idOrPrefix }, { prefix: idOrPrefix }] } : { prefix: idOrPrefix };
  return await changeDirectory(db, async (prisma) => {
    const [found, ...others] = await prisma.apiKey.findMany({ where, take: 2 });
    if (found === undefined) return { changed: false, result: "not_found" };
    if (others.length > 0) return { changed: false, result: "ambiguous" };
    const { count } = await prisma.apiKey.updateMany({
      where: { id: found.id, revokedAt: null },
      data: { revokedAt: new Date() },
    });
    return { changed: count > 0, result: count > 0 ? "changed" : "unchanged" };
  });
}

/** Keys of one client, or all, oldest first; revoked and expired ones too. */
export async function listApiKeys(db: Database, clientId?: string): Promise<ApiKeyRecord[]> {
  if (clientId !== undefined && !isUuid(clientId)) return [];
  const query = { where: clientId === undefined ? {} : { clientId }, orderBy: { createdAt: "asc" } } as const;
  const rows = await askPrisma(db, (prisma) => prisma.apiKey.findMany(query));
  return rows.map(toApiKeyRecord);
}

function toApiKeyRecord({ hash, ...kept }: ApiKey): ApiKeyRecord {
  return {
    ...kept,
    kind: readOneOf(KEY_KINDS, kept.kind, "api_keys.kind"),
    scopes: KEY_SCOPES.filter((scope) => kept.scopes.includes(scope)),
  };
}
