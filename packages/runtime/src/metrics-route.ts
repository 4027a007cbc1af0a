import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { Type } from "typebox";
import type { Metrics } from "./metrics.ts";

/** What `metricsRoute` needs. */
export interface MetricsRouteOptions {
  readonly metrics: Metrics;
  /** Bearer token that a scrape must carry; open to all when not set or empty. */
  readonly token?: string | undefined;
}

// The error shape of every answer; the package that owns the error codes is not imported here.
const Refusal = Type.Object(
  {
    error_code: Type.Literal("UNAUTHORIZED"),
    message: Type.String(),
    timestamp: Type.String({ format: "date-time" }),
  },
  { description: "The bearer token is missing or wrong" },
);

/** Serves `GET /metrics` in Prometheus' text format; 401 without the token, when one is set. */
export const metricsRoute = fp<MetricsRouteOptions>(
  async (app, { metrics, token }) => {
    const schema = {
      summary: "Metrics in Prometheus' text format",
      tags: ["operations"],
      response: {
        200: { description: "One line per sample", content: { "text/plain": { schema: Type.String() } } },
        401: Refusal,
      },
    };
    app.get("/metrics", { schema, config: { logAtDebug: true } }, async (request, reply) => {
      if (token === undefined || token === "" || carriesToken(request, token)) {
        reply.type(metrics.registry.contentType);
        return metrics.registry.metrics();
      }
      request.errorCode = "UNAUTHORIZED";
      reply.code(401).header("www-authenticate", "Bearer");
      const message = "Metrics need the bearer token set as METRICS_TOKEN.";
      return { error_code: "UNAUTHORIZED", message, timestamp: new Date().toISOString() };
    });
  },
  { name: "metrics-route" },
);

// Digests have one length, so neither content nor length of the token can be told from the time taken.
function carriesToken(request: FastifyRequest, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
