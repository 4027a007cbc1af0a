import { BOOTSTRAP_CLIENT_ID } from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { AlreadyExistsError } from "../database-errors.ts";
import { makeRandomId } from "../uuid.ts";
import type { NewApiKey } from "./api-keys.ts";
import type { NewClient } from "./clients.ts";
import { changeDirectory } from "./directory-version.ts";

/** What an installation starts with. */
export interface DirectorySeed {
  /** Without an id it is the bootstrapped client. */
  readonly client: NewClient;
  readonly key: Omit<NewApiKey, "clientId">;
  readonly providers: readonly {
    readonly name: string;
    /** 1 is asked first. */
    readonly priority: number;
    readonly maxInFlight?: number;
  }[];
}

/**
 * Puts in what is missing and leaves alone what is there: every worker may call it at every start.
 * @throws AlreadyExistsError when another client has the name of the one to seed.
 */
export async function seedDirectory(db: Database, { client, key, providers }: DirectorySeed): Promise<void> {
  const clientId = client.id ?? BOOTSTRAP_CLIENT_ID;
  await changeDirectory(db, async (prisma) => {
    const clients = await prisma.client.createMany({ data: [{ ...client, id: clientId }], skipDuplicates: true });
    if ((await prisma.client.count({ where: { id: clientId } })) === 0) {
      throw new AlreadyExistsError(`another client is called ${client.name}`);
    }
    const { hash, prefix, kind, scopes, expiresAt = null } = key;
    const keys = await prisma.apiKey.createMany({
      data: [{ id: makeRandomId(Date.now()), clientId, hash, prefix, kind, scopes: [...scopes], expiresAt }],
      skipDuplicates: true,
    });
    const added = await prisma.provider.createMany({ data: [...providers], skipDuplicates: true });
    return { changed: clients.count + keys.count + added.count > 0, result: undefined };
  });
}
