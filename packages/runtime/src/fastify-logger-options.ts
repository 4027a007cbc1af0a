import type { IncomingMessage } from "node:http";
import { type FastifyBaseLogger, LogController } from "fastify";
import type { Logger } from "./logger.ts";
import { generateRequestId } from "./request-id.ts";

/** The part of Fastify's options that concerns logging and request ids. */
export interface FastifyLoggerOptions {
  readonly loggerInstance: FastifyBaseLogger;
  readonly logController: LogController;
  readonly genReqId: (rawRequest: IncomingMessage) => string;
  readonly requestIdHeader: false;
}

/**
 * Options to spread into `Fastify({...})`: our logger with `request_id` on each line of a request, our request ids, and
 * none of Fastify's own lines per request, because the `requestLog` plugin writes the one that counts. Lines about
 * faults (a failed serializer, a broken stream) stay on.
 */
export function fastifyLoggerOptions(logger: Logger): FastifyLoggerOptions {
  return {
    loggerInstance: logger,
    logController: new FaultsOnlyLogController({ requestIdLogLabel: "request_id" }),
    genReqId: generateRequestId,
    requestIdHeader: false,
  };
}

// `disableRequestLogging: true` would silence faults as well, so only the lines per request are emptied.
class FaultsOnlyLogController extends LogController {
  override incomingRequest(): void {
    // Replaced by the line of `requestLog`.
  }

  override requestCompleted(): void {
    // Replaced by the line of `requestLog`.
  }

  override routeNotFound(): void {
    // It would print the raw URL, which may hold a phone number.
  }
}
