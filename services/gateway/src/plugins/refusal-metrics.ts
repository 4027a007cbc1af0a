import type { FastifyInstance } from "fastify";
import fp from "fastify-plugin";
import type { GatewayMetrics } from "../metrics.ts";

/** Counts the refusals of routes that send, whichever step has refused: by error code, and by limit or reason. */
export const refusalMetrics = fp<{ readonly metrics: GatewayMetrics }>(
  async (app: FastifyInstance, { metrics }) => {
    app.addHook("onResponse", (request, _reply, done) => {
      if (request.errorCode !== undefined && request.routeOptions.config.scope === "send") {
        metrics.refused.inc({ code: request.errorCode, detail: request.errorDetail ?? "" });
      }
      done();
    });
  },
  { name: "refusal-metrics", dependencies: ["error-handler"] },
);
