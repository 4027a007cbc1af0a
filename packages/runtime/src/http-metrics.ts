import fp from "fastify-plugin";
import { Histogram } from "prom-client";
import type { Metrics } from "./metrics.ts";
import { observeRequests } from "./observe-requests.ts";

// From an answer out of memory (1 ms) to the longest deadline a caller waits for (publish, 5 s) and beyond.
const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What `httpMetricsPlugin` needs. */
export interface HttpMetricsOptions {
  readonly metrics: Metrics;
}

/**
 * Measures every request as `http_request_duration_seconds{method,route,status}`. The route is its pattern, unknown
 * routes are `unknown`, so that the number of series stays bounded whatever is asked for. Register it before the routes.
 */
export const httpMetricsPlugin = fp<HttpMetricsOptions>(
  async (app, { metrics }) => {
    const duration = new Histogram({
      name: "http_request_duration_seconds",
      help: "Time from a request's headers to the end of its answer; status 499 means that the client left.",
      labelNames: ["method", "route", "status"],
      buckets: DURATION_BUCKETS_S,
      registers: [metrics.registry],
    });
    observeRequests(app, (request, _reply, { route, status, durationMs }) => {
      duration.observe({ method: request.method, route, status }, durationMs / 1000);
    });
  },
  { name: "http-metrics" },
);
