import { createAmqpQueue } from "@sms-gateway/amqp";
import { createRedisAdmission, createRedisConnection, createRedisDirectory } from "@sms-gateway/redis";
import {
  createLogger,
  createMetrics,
  createStopSequence,
  maskSettings,
  type RunningService,
  runService,
} from "@sms-gateway/runtime";
import { buildGateway } from "./app.ts";
import { gatewaySettings, loadGatewaySettings } from "./config.ts";

/**
 * How long the port stays closed while queue, Redis or directory are still on their way: in a rolling restart clients then
 * go to another gateway instead of being refused by this one. After that it opens and says what is missing.
 */
const READY_LIMIT_MS = 5_000;
/** From the signal to the end of the process; a publish may take 5 s. */
const STOP_TIMEOUT_MS = 10_000;

const logger = createLogger({ service: "gateway", level: "info" });

await runService({ name: "gateway", logger, start, stopTimeoutMs: STOP_TIMEOUT_MS });

async function start(): Promise<RunningService> {
  const settings = loadGatewaySettings();
  logger.level = settings.LOG_LEVEL;
  logger.info({ event: "settings", settings: maskSettings(gatewaySettings, settings) });
  const metrics = createMetrics("gateway");
  const stop = createStopSequence(logger);

  const connection = createRedisConnection({
    url: settings.REDIS_URL,
    keyPrefix: settings.REDIS_KEY_PREFIX,
    onReady: () => logger.info({ event: "redis.connected" }),
    onLost: (err) => logger.warn({ event: "redis.lost", err }),
  });
  stop.add("redis", () => connection.close());
  const admission = createRedisAdmission(connection);
  stop.add("admission", () => admission.close());
  const directory = createRedisDirectory(connection);
  stop.add("directory", () => directory.close());
  const queue = createAmqpQueue({
    url: settings.RABBITMQ_URL,
    namePrefix: settings.RABBITMQ_NAME_PREFIX,
    role: "gateway",
    maxLengthMessages: settings.QUEUE_MAX_MESSAGES,
    maxLengthBytes: settings.QUEUE_MAX_BYTES,
    onEvent: ({ event, ...facts }) => {
      const level = event === "connected" || event === "unblocked" ? "info" : "warn";
      logger[level]({ event: `queue.${event}`, ...facts });
    },
  });
  stop.add("queue", () => queue.close());

  const gateway = await buildGateway({
    settings,
    logger,
    metrics,
    queue,
    admission,
    store: "redis",
    directory,
    now: Date.now,
  });
  stop.add("http", () => gateway.app.close());
  stop.add("readiness", () => gateway.beginStop());
  if (!(await gateway.untilReady(READY_LIMIT_MS))) logger.warn({ event: "service.not_ready" });
  await gateway.app.listen({ host: settings.GATEWAY_HOST, port: settings.GATEWAY_PORT });
  return stop;
}
