import { NAME_CHARACTERS_MAX } from "@sms-gateway/contracts";
import {
  createFailureBrake,
  errorHandler,
  httpServerOptions,
  jsonBody,
  openApi,
  registerApiPaths,
  unknownRoutes,
} from "@sms-gateway/http";
import {
  fastifyLoggerOptions,
  healthRoutes,
  httpMetricsPlugin,
  type Logger,
  type Metrics,
  metricsRoute,
  type ReadinessCheck,
  requestIdPlugin,
  requestLog,
} from "@sms-gateway/runtime";
import Fastify, { type FastifyInstance } from "fastify";
import type { WorkerRole, WorkerSettings } from "./config.ts";
import type { KnownDirectory } from "./directory/known-directory.ts";
import type { CancelDeps } from "./messages/cancel-accepted-message.ts";
import { authenticate } from "./plugins/authenticate.ts";
import type { ReceiveCallbackDeps } from "./reports/receive-callback.ts";
import type { AdminDeps } from "./routes/admin/admin-deps.ts";
import { registerAdminRoutes } from "./routes/admin/register-admin-routes.ts";
import { cancelMessageRoute } from "./routes/sms/cancel-message.ts";
import { getMessageRoute } from "./routes/sms/get-message.ts";
import { listMessagesRoute } from "./routes/sms/list-messages.ts";
import { receiveReportRoute } from "./routes/webhooks/receive-report.ts";

/** What the HTTP side of the worker is built from. */
export interface HttpDeps {
  readonly settings: WorkerSettings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly roles: ReadonlySet<WorkerRole>;
  readonly directory: KnownDirectory;
  readonly checks: readonly ReadinessCheck[];
  readonly isStopping: () => boolean;
  readonly messages: CancelDeps;
  readonly callbacks: ReceiveCallbackDeps;
  readonly admin: AdminDeps;
}

/** Builds the worker's HTTP server with the routes of its roles; health, metrics and docs always. Opens no port. */
export async function buildHttp(deps: HttpDeps): Promise<FastifyInstance> {
  const { settings, roles, metrics } = deps;
  const options = httpServerOptions({ trustedProxyHops: settings.TRUST_PROXY });
  const app = Fastify({
    ...fastifyLoggerOptions(deps.logger),
    ...options,
    // Ids of dead letters, the longest that are kept, with every character percent-encoded.
    routerOptions: { ...options.routerOptions, maxParamLength: 3 * NAME_CHARACTERS_MAX },
  });

  // Else a connection that is kept alive would hold up the end for the whole keep-alive time.
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (deps.isStopping()) reply.header("connection", "close");
    done(null, payload);
  });
  await app.register(requestIdPlugin);
  await app.register(requestLog, {});
  await app.register(httpMetricsPlugin, { metrics });
  await app.register(errorHandler);
  await app.register(unknownRoutes);
  await app.register(jsonBody);
  await app.register(openApi, {
    title: "SMS gateway: worker",
    description: "Read messages, cancel them, take the providers' delivery reports, and manage what runs.",
  });
  await app.register(authenticate, {
    directory: deps.directory,
    internalToken: settings.INTERNAL_TOKEN,
    keyRequired: settings.API_KEY_REQUIRED,
    brake: createFailureBrake(),
  });

  await app.register(healthRoutes, { checks: deps.checks, isStopping: deps.isStopping });
  await app.register(metricsRoute, { metrics, token: settings.METRICS_TOKEN });
  if (roles.has("api")) {
    await registerApiPaths(app, async (api) => {
      await listMessagesRoute(api, deps.messages);
      await getMessageRoute(api, deps.messages);
      await cancelMessageRoute(api, deps.messages);
    });
    await registerAdminRoutes(app, deps.admin);
  }
  if (roles.has("callbacks")) await app.register((scope) => receiveReportRoute(scope, deps.callbacks));
  return app;
}
