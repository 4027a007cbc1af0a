import { type AcceptedEnvelope, createGroupPublisher, type Lane } from "@sms-gateway/contracts";
import { errorHandler, httpServerOptions, jsonBody, openApi, registerApiPaths, unknownRoutes } from "@sms-gateway/http";
import {
  drainConnections,
  fastifyLoggerOptions,
  healthRoutes,
  httpMetricsPlugin,
  metricsRoute,
  requestIdPlugin,
  requestLog,
  untilReady,
  usesDefaultSecrets,
} from "@sms-gateway/runtime";
import Fastify, { type FastifyInstance } from "fastify";
import { gatewaySettings } from "./config.ts";
import type { GatewayDeps } from "./deps.ts";
import { createQuotaCalendar } from "./messages/quota-calendar.ts";
import { createReservationKeeper } from "./messages/reservation-keeper.ts";
import type { SendDeps } from "./messages/send-messages.ts";
import { createGatewayMetrics, watchWaiting } from "./metrics.ts";
import { authenticate } from "./plugins/authenticate.ts";
import { refusalMetrics } from "./plugins/refusal-metrics.ts";
import { forwardApiRoutes, forwardCallbacks } from "./routes/forward.ts";
import { homeRoutes } from "./routes/home.ts";
import { sendSmsRoute } from "./routes/send-sms.ts";
import { sendMessageRoute } from "./routes/sms/send-message.ts";

/** Postgres has a handful of connections, which admissions need more. */
const DATABASE_STEPS_AT_A_TIME = 32;
/** How long stopping waits for reservations that are being settled or released, in milliseconds. */
const KEEPER_DRAIN_MS = 2_000;

/**
 * A confirm takes a few milliseconds; a publish without one is given up after 2 s and ends within 5 s. The broker is ill
 * then, and a client is told so at once, since it can send again.
 */
const WAITING_LIMIT_MS = 1_500;

/** The gateway as an app. */
export interface Gateway {
  readonly app: FastifyInstance;
  /** Resolves once all that it depends on answers, or after `limitMs`; says which. */
  untilReady(limitMs: number): Promise<boolean>;
  /** Makes `/readyz` answer 503; call it before `app.close()`. */
  beginStop(): void;
}

/** Builds the gateway from its dependencies; opens no port. Closing the app settles what it still holds, but closes no adapter. */
export async function buildGateway(deps: GatewayDeps): Promise<Gateway> {
  const { settings, logger, metrics } = deps;
  let stopping = false;
  const app = Fastify({
    ...fastifyLoggerOptions(logger),
    ...httpServerOptions({ trustedProxyHops: settings.TRUST_PROXY }),
  });
  const gatewayMetrics = createGatewayMetrics(metrics);
  const send = createSendDeps(deps, gatewayMetrics);

  app.decorateRequest("trackingId", undefined);
  await app.register(drainConnections);
  await app.register(requestIdPlugin);
  await app.register(requestLog, {
    successSampleRate: settings.REQUEST_LOG_SAMPLE_RATE,
    fields: ({ trackingId }) => (trackingId === undefined ? {} : { tracking_id: trackingId }),
  });
  await app.register(httpMetricsPlugin, { metrics });
  await app.register(errorHandler);
  await app.register(unknownRoutes);
  await app.register(jsonBody);
  await app.register(openApi, {
    title: "SMS gateway",
    description: "Send text messages, and read what became of them.",
  });
  await app.register(refusalMetrics, { metrics: gatewayMetrics });
  await app.register(authenticate, {
    directory: deps.directory,
    apiKeyRequired: settings.API_KEY_REQUIRED,
    now: deps.now,
  });

  await app.register(homeRoutes);
  const checks = readinessChecks(deps);
  await app.register(healthRoutes, { checks, isStopping: () => stopping });
  await app.register(metricsRoute, { metrics, token: settings.METRICS_TOKEN });
  await registerApiPaths(app, async (api) => {
    await sendMessageRoute(api, send);
    await api.register(forwardApiRoutes(settings));
  });
  await app.register((scope) => sendSmsRoute(scope, send));
  await app.register((scope) => sendSmsRoute(scope, send), { prefix: "/api" });
  await app.register(forwardCallbacks(settings));
  app.addHook("onClose", () => send.keeper.drain(KEEPER_DRAIN_MS));
  return {
    app,
    untilReady: (limitMs) => untilReady(checks, limitMs),
    beginStop: () => {
      stopping = true;
    },
  };
}

function createSendDeps(deps: GatewayDeps, metrics: SendDeps["metrics"]): SendDeps {
  const { settings, directory, logger, queue, admission, store, now } = deps;
  const publisher = createGroupPublisher<Lane, AcceptedEnvelope>({
    publishGroup: (lane, envelopes) => queue.publishAccepted(lane, envelopes),
    waitingLimitMs: () => WAITING_LIMIT_MS,
    estimateBytes,
    onGroup: (size, ending, seconds) => {
      metrics.groupSize.observe(size);
      metrics.publishSeconds.observe({ ending }, seconds);
    },
    onFault: (err) => logger.error({ event: "publish.fault", err }),
  });
  watchWaiting(deps.metrics, publisher.waiting);
  const keeper = createReservationKeeper({
    admission,
    // Redis takes any number in one write.
    ...(deps.store === "database" && { atATime: DATABASE_STEPS_AT_A_TIME }),
    onGivenUp: (step, ref, err) =>
      logger.error({ event: "reservation.given_up", step, seed: ref.seed, client_id: ref.clientId, err }),
  });
  const quotaDay = createQuotaCalendar();
  return {
    settings,
    directory,
    admission,
    store,
    publisher,
    keeper,
    metrics,
    quotaDay,
    now,
    idSecret: settings.ID_SECRET,
  };
}

function readinessChecks({ queue, admission, store, directory, settings }: GatewayDeps) {
  const published = usesDefaultSecrets(gatewaySettings, settings);
  return [
    { name: "queue", check: async () => queue.health() },
    { name: store, check: () => admission.health() },
    { name: "directory", check: async () => directory.health() },
    {
      // The worker refuses to start with published secrets once a real carrier is set up; here that shows in the directory.
      name: "secrets",
      check: async () => {
        const isReal = directory.providers().some(({ accounts }) => accounts.live);
        return isReal && published.length > 0 ? { ok: false, detail: `set ${published.join(", ")}` } : { ok: true };
      },
    },
  ];
}

/** Near enough for a limit, and rather too much: the body as sent holds whatever can be large, but not the ids. */
function estimateBytes({ request, recipients }: AcceptedEnvelope): number {
  return 1_000 + request.bytes + recipients.length * 120;
}
