/*
 * The standalone shape: gateway and worker in one process on one Postgres. Wiring only; what it wires is chosen in
 * architecture.md section 2.
 */
import {
  createDbAdmission,
  createDbDirectory,
  createDbDirectoryPublisher,
  createDbQueue,
  dropExpiredAdmission,
  dropExpiredOtpSessions,
  migrate,
  openDatabase,
} from "@sms-gateway/db";
import { openEmbeddedPostgres } from "@sms-gateway/embedded-postgres";
import { buildGateway } from "@sms-gateway/gateway";
import {
  createLogger,
  createMetrics,
  createStopSequence,
  maskSettings,
  openLogFile,
  type RunningService,
  runService,
  type StopSequence,
} from "@sms-gateway/runtime";
import { buildWorker, capabilitiesOf } from "@sms-gateway/worker";
import { type AllSettings, loadAllSettings, readLogFile, standaloneSettings } from "./config.ts";

/** Beyond the submit timeout: results are written, batches acknowledged, Postgres is shut down. */
const STOP_MARGIN_MS = 15_000;
const LONGEST_SUBMIT_MS = 10_000;
/** Admissions of one client come one at a time anyhow, and more were slower in every measurement. */
const GATEWAY_POOL_MAX = 8;

const logFile = readLogFile();
// One for all three loggers: two would each begin new files.
const destination = logFile === undefined ? {} : { destination: openLogFile({ path: logFile }) };
const logger = createLogger({ service: "standalone", level: "info", ...destination });

await runService({ name: "standalone", logger, start, stopTimeoutMs: LONGEST_SUBMIT_MS + STOP_MARGIN_MS });

async function start(): Promise<RunningService> {
  const settings = loadAllSettings();
  logger.level = settings.worker.LOG_LEVEL;
  logger.info({ event: "settings", settings: maskSettings(standaloneSettings, settings.standalone) });
  const stop = createStopSequence(logger);
  try {
    await startParts(settings, stop);
  } catch (error) {
    // Else the embedded Postgres, which outlives its starter, would go on without anybody who uses it.
    await stop.stop();
    throw error;
  }
  return { ...stop, stopTimeoutMs: settings.worker.SUBMIT_TIMEOUT_MS + STOP_MARGIN_MS };
}

async function startParts(settings: AllSettings, stop: StopSequence): Promise<void> {
  const url = settings.standalone.DATABASE_URL ?? (await startPostgres(settings, stop));
  const onError = (error: Error) => logger.warn({ event: "database.connection_lost", reason: error.message });
  // Two pools: neither side can leave the other without a connection. The queue has connections of its own.
  const gatewayDb = openDatabase({ url, poolMax: GATEWAY_POOL_MAX, onError });
  stop.add("gateway database", () => gatewayDb.close());
  const workerDb = openDatabase({ url, poolMax: settings.worker.DATABASE_POOL_MAX, onError });
  stop.add("worker database", () => workerDb.close());
  // The queue looks for its table at once. An external database may be away: then this is for the worker's start alone.
  if (settings.standalone.DATABASE_URL === undefined) await migrate(workerDb);
  const admission = createDbAdmission(gatewayDb);
  stop.add("admission", () => admission.close());
  const directory = createDbDirectory(gatewayDb, capabilitiesOf);
  stop.add("directory", () => directory.close());
  // One for both sides: what is published wakes the consumer at once.
  const queue = createDbQueue(gatewayDb, {
    maxLengthMessages: settings.gateway.QUEUE_MAX_MESSAGES,
    maxLengthBytes: settings.gateway.QUEUE_MAX_BYTES,
    onEvent: ({ event, ...facts }) => {
      logger[event === "connected" ? "info" : "warn"]({ event: `queue.${event}`, ...facts });
    },
  });
  stop.add("queue", () => queue.close());

  const gateway = await buildGateway({
    settings: settings.gateway,
    logger: createLogger({ service: "gateway", level: settings.gateway.LOG_LEVEL, ...destination }),
    metrics: createMetrics("gateway"),
    queue,
    admission,
    store: "database",
    directory,
    now: Date.now,
  });
  const worker = await buildWorker({
    settings: settings.worker,
    logger: createLogger({ service: "worker", level: settings.worker.LOG_LEVEL, ...destination }),
    metrics: createMetrics("worker"),
    db: workerDb,
    queue,
    publisher: createDbDirectoryPublisher(workerDb),
    expiring: [
      { name: "expired_admission", drop: (limit) => dropExpiredAdmission(workerDb, limit) },
      { name: "expired_otp_sessions", drop: (limit) => dropExpiredOtpSessions(workerDb, limit) },
    ],
  });
  // The gateway first, which accepts nothing more from then on; the worker's HTTP last, for reports of what is under way.
  stop.add("worker http", () => worker.app.close());
  stop.add("work", () => worker.stop());
  stop.add("gateway http", () => gateway.app.close());
  stop.add("readiness", () => {
    gateway.beginStop();
    worker.beginStop();
  });
  await worker.app.listen({ host: settings.worker.WORKER_HOST, port: settings.worker.WORKER_PORT });
  await gateway.app.listen({ host: settings.gateway.GATEWAY_HOST, port: settings.gateway.GATEWAY_PORT });
  // Not waited for: with the database away both sides live and say so.
  void worker.start().then(
    () => directory.refresh(),
    (error: unknown) => endAfterFailure(stop, error),
  );
}

/** For what waiting does not mend, such as a migration that fails. */
async function endAfterFailure(stop: StopSequence, err: unknown): Promise<void> {
  logger.fatal({ event: "work.start_failed", err });
  try {
    await stop.stop();
  } finally {
    process.exit(1);
  }
}

async function startPostgres({ standalone }: AllSettings, stop: StopSequence): Promise<string> {
  const postgres = await openEmbeddedPostgres({
    dataDir: standalone.EMBEDDED_POSTGRES_DIR,
    onEvent: ({ event, ...facts }) => logger.warn({ event: `postgres.${event}`, ...facts }),
  });
  stop.add("postgres", () => postgres.stop());
  logger.info({ event: "postgres.ready", port: postgres.port, version: postgres.version, adopted: postgres.isAdopted });
  return postgres.url;
}
