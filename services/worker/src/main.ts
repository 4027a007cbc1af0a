import { setTimeout as delay } from "node:timers/promises";
import { createAmqpQueue } from "@sms-gateway/amqp";
import { openDatabase } from "@sms-gateway/db";
import { createRedisConnection, createRedisDirectoryPublisher, redisHealth } from "@sms-gateway/redis";
import {
  createLogger,
  createMetrics,
  createStopSequence,
  maskSettings,
  type RunningService,
  runService,
} from "@sms-gateway/runtime";
import { buildWorker } from "./app.ts";
import { loadWorkerSettings, workerSettings } from "./config.ts";

/**
 * How long the port stays closed while the database is on its way: in a rolling restart readers then go to another worker
 * instead of being refused by this one. After that it opens, for callbacks above all.
 */
const START_LIMIT_MS = 5_000;
/** Beyond the submit timeout: results are written, batches acknowledged, connections closed. */
const STOP_MARGIN_MS = 5_000;
const LONGEST_SUBMIT_MS = 10_000;

const logger = createLogger({ service: "worker", level: "info" });

await runService({ name: "worker", logger, start, stopTimeoutMs: LONGEST_SUBMIT_MS + STOP_MARGIN_MS });

async function start(): Promise<RunningService> {
  const settings = loadWorkerSettings();
  logger.level = settings.LOG_LEVEL;
  logger.info({ event: "settings", settings: maskSettings(workerSettings, settings) });
  const metrics = createMetrics("worker");
  const stop = createStopSequence(logger);

  const redis = createRedisConnection({
    url: settings.REDIS_URL,
    keyPrefix: settings.REDIS_KEY_PREFIX,
    onReady: () => logger.info({ event: "redis.ready" }),
    onLost: (err) => logger.warn({ event: "redis.lost", err }),
  });
  stop.add("redis", () => redis.close());
  const db = openDatabase({
    url: settings.DATABASE_URL,
    poolMax: settings.DATABASE_POOL_MAX,
    onError: (error) => logger.warn({ event: "database.connection_lost", reason: error.message }),
  });
  stop.add("database", () => db.close());
  const queue = createAmqpQueue({
    url: settings.RABBITMQ_URL,
    namePrefix: settings.RABBITMQ_NAME_PREFIX,
    role: "worker",
    maxLengthMessages: settings.QUEUE_MAX_MESSAGES,
    maxLengthBytes: settings.QUEUE_MAX_BYTES,
    onEvent: ({ event, ...fields }) => {
      const isGood = event === "connected" || event === "unblocked";
      logger[isGood ? "info" : "warn"]({ event: `queue.${event}`, ...fields });
    },
  });
  stop.add("queue", () => queue.close());

  const worker = await buildWorker({
    settings,
    logger,
    metrics,
    db,
    queue,
    publisher: createRedisDirectoryPublisher(redis),
    checks: [{ name: "redis", check: () => redisHealth(redis) }],
  });
  // After the work, which lasts as long as the longest call of a provider: reports that come meanwhile are still taken.
  stop.add("http", () => worker.app.close());
  stop.add("work", () => worker.stop());
  stop.add("readiness", () => worker.beginStop());
  const started = worker.start();
  await Promise.race([started, delay(START_LIMIT_MS, undefined, { ref: false })]);
  await worker.app.listen({ host: settings.WORKER_HOST, port: settings.WORKER_PORT });
  // Not waited for any longer: with the database away the worker lives, says so, and takes callbacks. What waiting does
  // not mend ends the process as an unhandled rejection, of this promise since the race has taken that of the other.
  void started.then(() => logger.info({ event: "worker.working" }));
  return { ...stop, stopTimeoutMs: settings.SUBMIT_TIMEOUT_MS + STOP_MARGIN_MS };
}
