import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { observeRequests, type RequestEnd } from "./observe-requests.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The error code of the answer, set by whoever makes the error's body; stands in the request's log line. */
    errorCode: string | undefined;
  }
  interface FastifyContextConfig {
    /** The route's requests are logged at debug: probes and scrapes, which say nothing about clients. */
    logAtDebug?: boolean;
  }
}

/** What `requestLog` may be given. */
export interface RequestLogOptions {
  /** Share of 2xx answers that get a line, 0 to 1; everything else always gets one. All of them when left out. */
  readonly successSampleRate?: number;
  /** Further fields of a request's line, for example client and tracking id. */
  readonly fields?: (request: FastifyRequest) => Record<string, unknown>;
  /** Source of randomness for the sample, from 0 to below 1. */
  readonly random?: () => number;
}

/**
 * Writes one line per finished request with the event `http.request`: at info, at debug for routes with
 * `config: { logAtDebug: true }`. Decorates requests with `errorCode`. Register it before the routes.
 *
 * @throws RangeError when `successSampleRate` is not between 0 and 1.
 */
export const requestLog = fp<RequestLogOptions>(
  async (app, { successSampleRate = 1, fields, random = Math.random }) => {
    if (!(successSampleRate >= 0 && successSampleRate <= 1)) {
      throw new RangeError(`successSampleRate must be between 0 and 1, but is ${successSampleRate}`);
    }
    app.decorateRequest("errorCode", undefined);
    observeRequests(app, (request, _reply, end) => {
      if (isSuccess(end) && successSampleRate < 1 && random() >= successSampleRate) return;
      const level = request.routeOptions.config?.logAtDebug === true ? "debug" : "info";
      // The instance's logger, not the request's, whose binding would repeat the id.
      app.log[level]({
        event: "http.request",
        request_id: request.id,
        method: request.method,
        route: end.route,
        status: end.status,
        duration_ms: Math.round(end.durationMs * 100) / 100,
        ...(request.errorCode === undefined ? {} : { error_code: request.errorCode }),
        ...(end.aborted ? { aborted: true } : {}),
        ...fields?.(request),
      });
    });
  },
  { name: "request-log" },
);

function isSuccess({ status }: RequestEnd): boolean {
  return status >= 200 && status < 300;
}
