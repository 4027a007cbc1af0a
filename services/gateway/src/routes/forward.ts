import replyFrom from "@fastify/reply-from";
import { ApiError, ERROR_CODES } from "@sms-gateway/contracts";
import {
  CLIENT_ADDRESS_HEADER,
  CLIENT_ADDRESS_SIGNATURE_HEADER,
  errorResponses,
  signClientAddress,
} from "@sms-gateway/http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { GatewaySettings } from "../config.ts";

/** Request headers that reach the worker; everything else, cookies above all, stays here (architecture.md section 6). */
const FORWARDED_HEADERS = ["api-key", "authorization", "accept", "user-agent", "content-type", "content-length"];
/** Callbacks also carry the providers' signatures. */
const CALLBACK_HEADERS = /^x-(twilio|plivo|amz-sns|vonage|nexmo)-/;
/** Answer headers that come back. */
const ANSWER_HEADERS = new Set(["content-type", "content-length", "retry-after", "x-request-id", "allow"]);
const TIMEOUT_MS = 15_000;

/** Registers what forwarding needs, once. */
export async function registerForwarding(app: FastifyInstance, settings: GatewaySettings): Promise<void> {
  await app.register(replyFrom, {
    base: settings.WORKER_URL,
    undici: {
      connections: 64,
      pipelining: 1,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      connect: { timeout: 2_000 },
    },
    // A POST that may have been carried out is never sent twice by us.
    retryMethods: ["GET"],
    disableRequestLogging: true,
  });
}

/** The fixed list of API routes that the worker answers; the same under `/api` and `/api/v1`. */
export function forwardApiRoutes(settings: GatewaySettings): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    const tags = ["sms"];
    const security = [{ ApiKey: [] }, { Bearer: [] }, { Basic: [] }];
    app.get(
      "/sms",
      {
        schema: {
          summary: "List messages, newest first",
          tags,
          security,
          querystring: LIST_QUERY,
          response: { 200: { $ref: "MessageList#" }, ...errorResponses(401, 403, 422, 503) },
        },
        attachValidation: true,
      },
      (request, reply) => forward(settings, request, reply, "/api/v1/sms"),
    );
    app.get<{ Params: { id: string } }>(
      "/sms/:id",
      {
        schema: {
          summary: "Read one message with its attempts and events",
          tags,
          security,
          response: {
            200: { anyOf: [{ $ref: "MessageView#" }, { $ref: "AcceptedMessageView#" }] },
            ...errorResponses(401, 403, 404, 503),
          },
        },
      },
      (request, reply) => forward(settings, request, reply, `/api/v1/sms/${encodeURIComponent(request.params.id)}`),
    );
    app.post<{ Params: { id: string } }>(
      "/sms/:id/cancel",
      {
        schema: {
          summary: "Cancel a message that is scheduled or queued",
          tags,
          security,
          response: { 200: { $ref: "MessageView#" }, ...errorResponses(401, 403, 404, 409, 503) },
        },
      },
      (request, reply) =>
        forward(settings, request, reply, `/api/v1/sms/${encodeURIComponent(request.params.id)}/cancel`),
    );
  };
}

const LIST_QUERY = {
  type: "object",
  properties: Object.fromEntries(
    [
      "status",
      "sms_type",
      "to",
      "provider",
      "batch_id",
      "custom_id",
      "date_from",
      "date_to",
      "limit",
      "offset",
      "cursor",
    ].map((name) => [name, { type: "string" }]),
  ),
};

/** Providers' callbacks: byte for byte, since their signatures cover the body as sent. */
export function forwardCallbacks(settings: GatewaySettings): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    app.route<{ Params: { provider: string } }>({
      method: ["GET", "POST"],
      url: "/webhooks/:provider/status",
      schema: { summary: "Delivery reports, in each provider's own form and signed as it signs", tags: ["callbacks"] },
      handler: (request, reply) =>
        forward(settings, request, reply, `/webhooks/${encodeURIComponent(request.params.provider)}/status`),
    });
  };
}

function forward(settings: GatewaySettings, request: FastifyRequest, reply: FastifyReply, path: string): FastifyReply {
  return reply.from(path, {
    rewriteRequestHeaders: (_request, headers) => forwardedHeaders(settings, request, headers),
    rewriteHeaders: (headers) =>
      Object.fromEntries(Object.entries(headers).filter(([name]) => ANSWER_HEADERS.has(name.toLowerCase()))),
    onError: (failed, { error }) => {
      const { message, status } = {
        message: "Reading is not possible just now; sending goes on.",
        status: ERROR_CODES.SERVICE_UNAVAILABLE.status,
      };
      request.log.warn({ event: "forward.failed", err: error });
      failed.header("retry-after", "2");
      failed.send(
        new ApiError("SERVICE_UNAVAILABLE", {
          message,
          status,
          details: { outcome: "not_accepted", reason: "worker_unreachable" },
          retryAfterS: 2,
        }),
      );
    },
  });
}

function forwardedHeaders(
  settings: GatewaySettings,
  request: FastifyRequest,
  headers: Record<string, unknown>,
): Record<string, string> {
  const kept = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" && (FORWARDED_HEADERS.includes(name) || CALLBACK_HEADERS.test(name))
      ? [[name, value] as const]
      : [],
  );
  return {
    ...Object.fromEntries(kept),
    "x-request-id": request.id,
    [CLIENT_ADDRESS_HEADER]: request.ip,
    [CLIENT_ADDRESS_SIGNATURE_HEADER]: signClientAddress(settings.INTERNAL_TOKEN, request.ip, request.id),
  };
}
