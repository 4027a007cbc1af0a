import { setTimeout as delay } from "node:timers/promises";
import { type DirectoryPublisher, KEY_SCOPES, PROVIDER_NAMES } from "@sms-gateway/contracts";
import {
  type Database,
  DatabaseUnavailableError,
  ensurePartitions,
  migrate,
  seedDirectory,
  setProviderAccounts,
} from "@sms-gateway/db";
import { hashApiKey } from "@sms-gateway/http";
import type { Logger } from "@sms-gateway/runtime";
import type { ProviderAccounts } from "../accounts/provider-accounts.ts";
import type { WorkerSettings } from "../config.ts";
import { overtakePublished } from "../directory/publish-directory.ts";

/** What preparing needs. */
export interface PrepareDeps {
  readonly db: Database;
  readonly settings: WorkerSettings;
  readonly accounts: ProviderAccounts;
  readonly publisher: DirectoryPublisher;
  readonly logger: Logger;
}

/** All the same, so that DEFAULT_PROVIDER decides; in the middle, so that an operator can go both ways. */
const SEEDED_PRIORITY = 10;
/** How much of a key is kept for people to tell keys apart. */
const PREFIX_LENGTH = 8;
const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 5_000;

/**
 * Brings tables, partitions, the bootstrapped client and the providers' accounts to what this version and its settings
 * need. While the database is away it tries again, for as long as it takes; `signal` ends that.
 *
 * @returns whether it is prepared; `false` when `signal` came first.
 * @throws MigrationError and other errors that waiting does not mend; DatabaseUnavailableError when the database refuses
 *   the login or does not know the database of that name: at the start that is a wrong DATABASE_URL.
 */
export async function prepareDatabase(deps: PrepareDeps, signal: AbortSignal): Promise<boolean> {
  for (let tries = 1; !signal.aborted; tries += 1) {
    try {
      await prepareOnce(deps);
      return true;
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError) || error.isAccessRefused) throw error;
      const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** (tries - 1));
      deps.logger.warn({ event: "database.waiting", tries, retry_in_ms: pauseMs, err: error });
      await pause(pauseMs, signal);
    }
  }
  return false;
}

async function prepareOnce({ db, settings, accounts, publisher, logger }: PrepareDeps): Promise<void> {
  const applied = await migrate(db);
  if (applied.length > 0) logger.info({ event: "database.migrated", migrations: applied });
  await keepPartitions(db, logger);
  const key = settings.BOOTSTRAP_API_KEY;
  await seedDirectory(db, {
    client: { name: "default" },
    key: {
      kind: "test",
      scopes: KEY_SCOPES.filter((scope) => scope !== "admin"),
      hash: hashApiKey(key),
      prefix: key.slice(0, PREFIX_LENGTH),
    },
    providers: PROVIDER_NAMES.map((name) => ({
      name,
      priority: SEEDED_PRIORITY,
      maxInFlight: settings.PROVIDER_MAX_IN_FLIGHT,
    })),
  });
  await setProviderAccounts(db, accounts.describe());
  await overtakePublished(db, { publisher, logger });
}

/** Makes the coming months' partitions and raises an alarm for rows that found none. */
export async function keepPartitions(db: Database, logger: Logger): Promise<void> {
  const { created, nonEmptyDefaults, blocked } = await ensurePartitions(db, new Date());
  if (created.length > 0) logger.info({ event: "partitions.created", partitions: created });
  if (nonEmptyDefaults.length === 0 && blocked.length === 0) return;
  logger.error({ event: "partitions.default_not_empty", partitions: nonEmptyDefaults, blocked });
}

async function pause(pauseMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(pauseMs, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
