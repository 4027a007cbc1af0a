import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** How a request ended. */
export interface RequestEnd {
  /** Route pattern, never the raw URL; `unknown` where no route matched. */
  readonly route: string;
  /** HTTP status; 499 when the client left before the whole answer was written. */
  readonly status: number;
  readonly durationMs: number;
  readonly aborted: boolean;
}

// nginx's number for "client closed request"; no standard has one.
const STATUS_CLIENT_LEFT = 499;

/**
 * Calls `observe` once for each request of `app` and its children, whichever way it ends. Fastify's `onResponse` stays
 * silent when a client leaves after its body was read, which is when a message may have been accepted.
 */
export function observeRequests(
  app: FastifyInstance,
  observe: (request: FastifyRequest, reply: FastifyReply, end: RequestEnd) => void,
): void {
  app.addHook("onRequest", (request, reply, done) => {
    const startedAt = performance.now();
    let observed = false;
    function end(aborted: boolean): void {
      if (observed) return;
      observed = true;
      const status = aborted ? STATUS_CLIENT_LEFT : reply.statusCode;
      observe(request, reply, { route: routeOf(request), status, durationMs: performance.now() - startedAt, aborted });
    }
    // `finish` comes before `close`, or not at all.
    reply.raw.once("finish", () => end(false));
    reply.raw.once("close", () => end(true));
    done();
  });
}

function routeOf(request: FastifyRequest): string {
  return request.is404 ? "unknown" : (request.routeOptions.url ?? "unknown");
}
