import type { FastifyReply, FastifyRequest } from "fastify";
import { answerUnreadable } from "./answer-unreadable.ts";
import { sendError } from "./error-handler.ts";

/** Largest body of a route that does not say otherwise, in bytes (api.md section 1). */
const BODY_BYTES_MAX = 1024 * 1024;
/** Within which a request must have arrived, in milliseconds: a slow client may not hold its connection for ever. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Its headers, in milliseconds. Were it longer than that of the whole, Node 20 would exchange the two. */
const HEADERS_TIMEOUT_MS = 20_000;
/** Node looks so often for requests that take longer, in milliseconds; its own 30 s would double that time. */
const REQUEST_CHECK_MS = 5_000;
/**
 * How long a connection may stand still in the midst of an answer, in milliseconds: who does not read gives it back. Node
 * waits once more when a part of the answer had gone out, so that it may be twice as long.
 */
const STANDSTILL_TIMEOUT_MS = 40_000;
/** How long an idle connection is kept, in milliseconds; above the 60 s of the usual load balancers, which must close first. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** The part of Fastify's options that gateway and worker share; spread it into `Fastify({...})`. */
export function httpServerOptions({ trustedProxyHops }: { readonly trustedProxyHops: number }) {
  return {
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: REQUEST_CHECK_MS },
    connectionTimeout: STANDSTILL_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // X-Forwarded-For is believed as far as our own proxies have written it, and not at all without any.
    trustProxy: trustedProxyHops === 0 ? false : (_address: string, hop: number) => hop < trustedProxyHops,
    // JSON says what type it is; nothing is converted, dropped or filled in.
    ajv: { customOptions: { allErrors: true, coerceTypes: false, removeAdditional: false, useDefaults: false } },
    routerOptions: { ignoreTrailingSlash: true },
    // While stopping, what still arrives on kept connections is served, with `Connection: close`.
    return503OnClosing: false,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      sendError(error, request, reply);
    },
    clientErrorHandler: answerUnreadable,
  } as const;
}
