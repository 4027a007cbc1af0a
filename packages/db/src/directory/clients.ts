import type { SmsType, UnknownPolicies, UnknownPolicy } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { askPrisma } from "../transaction.ts";
import { isUuid, makeRandomId } from "../uuid.ts";
import { type AdminResult, changeDirectory, toAdminResult } from "./directory-version.ts";
import { readUnknownPolicies } from "./unknown-policies.ts";

/** Limits of a client: null means the gateway's default, 0 or less means unlimited. */
export interface ClientLimits {
  readonly ratePerSecond?: number | null;
  readonly ratePerMinute?: number | null;
  readonly ratePerHour?: number | null;
  readonly dailyQuota?: number | null;
}

export interface NewClient extends ClientLimits {
  readonly id?: string;
  readonly name: string;
  /** IANA name, for the day of the quota; UTC when not given. */
  readonly timeZone?: string;
  /** Sender of messages that name none. */
  readonly sender?: string | null;
}

export interface ClientRecord {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly timeZone: string;
  readonly ratePerSecond: number | null;
  readonly ratePerMinute: number | null;
  readonly ratePerHour: number | null;
  readonly dailyQuota: number | null;
  readonly sender: string | null;
  /** What it wants done about messages of unknown outcome, where that differs from what holds for everybody. */
  readonly unknownOutcomes: UnknownPolicies;
  readonly createdAt: Date;
}

/**
 * Creates a client; answers its id.
 * @throws AlreadyExistsError when the name or the id is taken.
 */
export async function createClient(db: Database, client: NewClient): Promise<string> {
  const id = client.id ?? makeRandomId(Date.now());
  return await changeDirectory(db, async (prisma) => {
    await prisma.client.create({ data: { ...client, id } });
    return { changed: true, result: id };
  });
}

/** Lets a client send, or refuses everything it asks for. The client is named by id or by name. */
export async function setClientActive(db: Database, idOrName: string, active: boolean): Promise<AdminResult> {
  const where = isUuid(idOrName) ? { id: idOrName } : { name: idOrName };
  return await changeDirectory(db, async (prisma) => {
    const data = { active, updatedAt: new Date() };
    const { count } = await prisma.client.updateMany({ where: { ...where, active: !active }, data });
    return toAdminResult(count, (await prisma.client.count({ where })) > 0);
  });
}

/** Sets the limits that are named; the others stay. */
export async function setClientLimits(db: Database, id: string, limits: ClientLimits): Promise<AdminResult> {
  if (!isUuid(id)) return "not_found";
  return await changeDirectory(db, async (prisma) => {
    const { count } = await prisma.client.updateMany({ where: { id }, data: { ...limits, updatedAt: new Date() } });
    return toAdminResult(count, false);
  });
}

/**
 * Sets what is done about the client's messages of unknown outcome, for the classes that are named; null: what holds for
 * everybody.
 */
export async function setClientUnknownOutcomes(
  db: Database,
  id: string,
  choices: Readonly<Partial<Record<SmsType, UnknownPolicy | null>>>,
): Promise<AdminResult> {
  if (!isUuid(id)) return "not_found";
  return await changeDirectory(db, async (prisma) => {
    const client = await prisma.client.findUnique({ where: { id } });
    if (client === null) return toAdminResult(0, false);
    const chosen = Object.entries({ ...readUnknownPolicies(client.unknownOutcomes), ...choices });
    const unknownOutcomes = Object.fromEntries(chosen.filter(([, policy]) => policy !== null));
    await prisma.client.update({ where: { id }, data: { unknownOutcomes, updatedAt: new Date() } });
    return toAdminResult(1, true);
  });
}

/** All clients, by name. */
export async function listClients(db: Database): Promise<ClientRecord[]> {
  const rows = await askPrisma(db, (prisma) => prisma.client.findMany({ orderBy: { name: "asc" } }));
  return rows.map(({ updatedAt, unknownOutcomes, ...kept }) => ({
    ...kept,
    unknownOutcomes: readUnknownPolicies(unknownOutcomes),
  }));
}
