/*
 * The worker, put together.
 *
 * built:    HTTP answers; nothing is taken from the queue. Callbacks are taken already, they need no database.
 * opening:  from `start()`: waits for the database for as long as it takes, then prepares it and loads the directory.
 * working:  records, dispatches, applies reports, sweeps; each according to the roles.
 * stopping: from `stop()`: takes nothing more, lets open calls of providers end and writes their results.
 */
import type { DirectoryPublisher, MessageQueue } from "@sms-gateway/contracts";
import { type Database, loadDirectorySnapshot, readDirectoryVersion } from "@sms-gateway/db";
import type { Logger, Metrics, ReadinessCheck } from "@sms-gateway/runtime";
import type { FastifyInstance } from "fastify";
import { checkRealProviders } from "./accounts/check-real-providers.ts";
import { capabilitiesOf, createProviderAccounts, listUnusedCredentials } from "./accounts/provider-accounts.ts";
import { buildHttp } from "./build-http.ts";
import { buildWork, type Work } from "./build-work.ts";
import { WORKER_ROLES, type WorkerRole, type WorkerSettings } from "./config.ts";
import { createCallbackAddresses } from "./delivery/callback-address.ts";
import { observeChanges } from "./delivery/observe-changes.ts";
import type { ExpiringRows } from "./delivery/sweeps.ts";
import { createKnownDirectory } from "./directory/known-directory.ts";
import { createWorkerMetrics } from "./metrics.ts";
import { createReportPublisher } from "./reports/publish-report.ts";
import { prepareDatabase } from "./start/prepare-database.ts";

/** Everything the worker is built from; the adapters are chosen, opened and closed by whoever builds it. */
export interface WorkerDeps {
  readonly settings: WorkerSettings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly db: Database;
  readonly queue: MessageQueue;
  readonly publisher: DirectoryPublisher;
  /** Readiness of what only the builder knows, such as Redis. */
  readonly checks?: readonly ReadinessCheck[];
  /** Rows that only the builder's adapters have and that expire. */
  readonly expiring?: readonly ExpiringRows[];
}

/** A worker that can be started and stopped once. */
export interface Worker {
  readonly app: FastifyInstance;
  /**
   * Begins to work as soon as the database is there; resolves then, or when the worker is stopped before.
   *
   * @throws Error for what waiting does not mend, such as a migration that fails.
   */
  start(): Promise<void>;
  /** Makes `/readyz` answer 503. */
  beginStop(): void;
  /** Takes nothing more and waits for what is under way; within the submit timeout and four seconds. */
  stop(): Promise<void>;
}

/**
 * Builds the worker. Opens no port and touches neither queue nor database before `start`.
 *
 * @throws SettingsError when a real provider is configured together with a published secret.
 */
export async function buildWorker(deps: WorkerDeps): Promise<Worker> {
  const { settings, logger, db, queue } = deps;
  const accounts = createProviderAccounts(settings);
  checkRealProviders(settings, accounts);
  for (const { provider, reason } of listUnusedCredentials(settings)) {
    logger.error({ event: "provider.credentials_unused", provider, reason }, `credentials of ${provider} are not used`);
  }
  const metrics = createWorkerMetrics(deps.metrics);
  const addresses = createCallbackAddresses(settings.PUBLIC_URL, settings.INTERNAL_TOKEN);
  const directory = createKnownDirectory({
    readVersion: () => readDirectoryVersion(db),
    load: () => loadDirectorySnapshot(db, capabilitiesOf),
  });
  const roles: ReadonlySet<WorkerRole> = new Set(WORKER_ROLES.filter((role) => settings.WORKER_ROLES.includes(role)));

  let stopping = false;
  let work: Work | undefined;
  const abort = new AbortController();
  const checks: ReadinessCheck[] = [
    { name: "database", check: () => db.health() },
    { name: "queue", check: async () => queue.health() },
    { name: "start", check: async () => (work ? { ok: true } : { ok: false, detail: "waiting for the database" }) },
    ...(deps.checks ?? []),
  ];
  const publishReport = createReportPublisher({ queue, logger, isStopping: () => stopping });
  const app = await buildHttp({
    settings,
    logger,
    metrics: deps.metrics,
    roles,
    directory,
    checks,
    isStopping: () => stopping,
    messages: {
      db,
      idSecret: settings.ID_SECRET,
      retentionDays: settings.MESSAGE_RETENTION_DAYS,
      onChanges: (changes) => observeChanges(metrics, changes),
    },
    callbacks: { accounts, addresses, publishReport, metrics, logger },
    admin: {
      db,
      queue,
      metrics,
      logger,
      idSecret: settings.ID_SECRET,
      lostAfterMs: settings.ACCOUNTING_LOST_AFTER_S * 1000,
    },
  });

  async function open(): Promise<void> {
    if (!(await prepareDatabase({ db, settings, accounts, publisher: deps.publisher, logger }, abort.signal))) return;
    work = await buildWork({ ...deps, metrics, accounts, addresses, directory, roles, signal: abort.signal });
  }

  let opening: Promise<void> | undefined;
  return {
    app,
    start() {
      opening ??= open();
      return opening;
    },
    beginStop: () => {
      stopping = true;
    },
    async stop() {
      stopping = true;
      abort.abort();
      await Promise.allSettled([opening]);
      await work?.stop();
    },
  };
}
