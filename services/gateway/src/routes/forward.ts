import replyFrom, { type FastifyReplyFromHooks } from "@fastify/reply-from";
import { ApiError } from "@sms-gateway/contracts";
import {
  CLIENT_ADDRESS_HEADER,
  CLIENT_ADDRESS_SIGNATURE_HEADER,
  type DeclaredError,
  errorResponses,
  signClientAddress,
} from "@sms-gateway/http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { GatewaySettings } from "../config.ts";
import { SEND_SECURITY } from "./send-declarations.ts";

/** Request headers that reach the worker; everything else, cookies above all, stays here (architecture.md section 6). */
const FORWARDED_HEADERS: ReadonlySet<string> = new Set(["api-key", "authorization", "accept", "user-agent"]);
/** What describes a body; only where it is passed on. */
const BODY_HEADERS: ReadonlySet<string> = new Set(["content-type", "content-length"]);
/** Callbacks also carry the providers' signatures. */
const CALLBACK_HEADERS = /^x-(twilio|plivo|amz-sns|vonage|nexmo)-/;
/** Answer headers that come back. */
const ANSWER_HEADERS: ReadonlySet<string> = new Set(["content-type", "content-length", "retry-after", "allow"]);

/** As the worker has it for callbacks, in bytes. */
const CALLBACK_BYTES_MAX = 64 * 1024;
const CONNECT_TIMEOUT_MS = 2_000;
const ANSWER_TIMEOUT_MS = 15_000;
/** A kept connection may end at the very moment of use, most often when the worker restarts. */
const REPEAT_AFTER_MS = 20;

const MESSAGE_ID = "^[0-9a-fA-F-]{36}$";
const PROVIDER = "^[A-Za-z0-9_-]{1,32}$";

const tags = ["messages"];
const security = SEND_SECURITY;
const idParams = {
  type: "object",
  properties: { id: { type: "string", description: "Message or tracking id." } },
  required: ["id"],
};
/** Also where a body does not matter it has a size, and a type that can be read. */
const UNREADABLE_BODY: readonly DeclaredError[] = ["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"];
const WORKER_ERRORS: readonly DeclaredError[] = ["UNAUTHORIZED", "FORBIDDEN", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE"];

/**
 * Connections to the worker for the routes of this scope. Each scope has its own: clients who read slowly, or not at all,
 * keep those that they use, and must not hold up delivery reports.
 */
async function openConnections(app: FastifyInstance, { WORKER_URL }: ForwardSettings): Promise<void> {
  await app.register(replyFrom, {
    base: WORKER_URL,
    undici: {
      connections: 64,
      pipelining: 1,
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
      connect: { timeout: CONNECT_TIMEOUT_MS },
    },
    disableRequestLogging: true,
  });
}

export type ForwardSettings = Pick<GatewaySettings, "WORKER_URL" | "INTERNAL_TOKEN">;

/** The fixed list of API routes that the worker answers; the same under `/api` and `/api/v1`. */
export function forwardApiRoutes(settings: ForwardSettings): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    await openConnections(app, settings);
    // None of them has a body that matters; whatever comes with a POST is read and dropped.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, _body, done) => done(null));
    app.get("/sms", { schema: LIST_SCHEMA, attachValidation: true }, (request, reply) =>
      forward(settings, request, reply, { path: "/api/v1/sms" }),
    );
    app.get<{ Params: { id: string } }>(`/sms/:id(${MESSAGE_ID})`, { schema: READ_SCHEMA }, (request, reply) =>
      forward(settings, request, reply, { path: `/api/v1/sms/${request.params.id}` }),
    );
    app.post<{ Params: { id: string } }>(
      `/sms/:id(${MESSAGE_ID})/cancel`,
      { schema: CANCEL_SCHEMA },
      (request, reply) => forward(settings, request, reply, { path: `/api/v1/sms/${request.params.id}/cancel` }),
    );
  };
}

const FILTERS = ["status", "sms_type", "to", "provider", "batch_id", "custom_id", "date_from", "date_to"];
const PAGING = ["limit", "offset", "cursor"];

const LIST_SCHEMA = {
  summary: "List messages, newest first",
  tags,
  security,
  querystring: {
    type: "object",
    properties: Object.fromEntries([...FILTERS, ...PAGING].map((name) => [name, { type: "string" }])),
  },
  response: { 200: answer({ $ref: "MessageList#" }), ...errorResponses("INVALID_PAYLOAD", ...WORKER_ERRORS) },
};

const READ_SCHEMA = {
  summary: "Read one message with its attempts and events",
  description: "A message that was accepted a moment ago and is not recorded yet is shown with its id and status only.",
  tags,
  security,
  params: idParams,
  response: {
    200: answer({ anyOf: [{ $ref: "MessageView#" }, { $ref: "AcceptedMessageView#" }] }),
    ...errorResponses("NOT_FOUND", ...WORKER_ERRORS),
  },
};

const CANCEL_SCHEMA = {
  summary: "Cancel a message that is scheduled or queued",
  tags,
  security,
  params: idParams,
  response: {
    200: answer({ $ref: "MessageView#" }),
    ...errorResponses("NOT_FOUND", "CONFLICT", ...UNREADABLE_BODY, ...WORKER_ERRORS),
  },
};

const CALLBACK_SCHEMA = {
  summary: "Delivery reports of a provider",
  description: "In each provider's own form, and signed as it signs.",
  tags: ["callbacks"],
  params: {
    type: "object",
    properties: { provider: { type: "string", description: "twilio, aws_sns, plivo, nexmo or clickatell." } },
    required: ["provider"],
  },
  response: {
    200: { type: "null", description: "Taken." },
    204: { type: "null", description: "Taken." },
    ...errorResponses("FORBIDDEN", "NOT_FOUND", ...UNREADABLE_BODY, "INTERNAL_ERROR", "SERVICE_UNAVAILABLE"),
  },
};

function answer(schema: Record<string, unknown>) {
  return { description: "As asked.", content: { "application/json": { schema } } };
}

/** Providers' callbacks: byte for byte, since their signatures cover the body as sent. */
export function forwardCallbacks(settings: ForwardSettings): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    await openConnections(app, settings);
    app.removeAllContentTypeParsers();
    // Read whole before it is passed on: a stranger who sends slowly holds none of the connections to the worker.
    app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: CALLBACK_BYTES_MAX }, (_request, body, done) =>
      done(null, body),
    );
    app.route<{ Params: { provider: string } }>({
      method: ["GET", "POST"],
      url: `/webhooks/:provider(${PROVIDER})/status`,
      schema: CALLBACK_SCHEMA,
      handler: (request, reply) =>
        forward(settings, request, reply, { path: `/webhooks/${request.params.provider}/status`, isCallback: true }),
    });
  };
}

interface Forwarding {
  /** Made of constants and of parameters whose pattern leaves no room for dots and slashes. */
  readonly path: string;
  /** With its body, and the headers that its signature needs. */
  readonly isCallback?: boolean;
}

function forward(
  settings: ForwardSettings,
  request: FastifyRequest,
  reply: FastifyReply,
  { path, isCallback = false }: Forwarding,
): FastifyReply {
  return reply.from(path, {
    // Given with its type it goes on byte for byte, as its signature needs; else the plugin would write JSON anew.
    ...(Buffer.isBuffer(request.body) && {
      body: request.body,
      contentType: request.headers["content-type"] ?? "application/octet-stream",
    }),
    rewriteRequestHeaders: (_request, headers) => ({
      ...pickHeaders(headers, (name) => isForwarded(name, isCallback)),
      "x-request-id": request.id,
      [CLIENT_ADDRESS_HEADER]: request.ip,
      [CLIENT_ADDRESS_SIGNATURE_HEADER]: signClientAddress(settings.INTERNAL_TOKEN, request.ip, request.id),
    }),
    rewriteHeaders: (headers) => pickHeaders(headers, (name) => ANSWER_HEADERS.has(name)),
    retryDelay,
    onError: (failed, { error }) => {
      // The cause is logged by the plugin.
      failed.send(workerUnreachable(request, codeOf(error)));
    },
  });
}

/** A read whose connection broke is tried once more; a POST may have been carried out and never is. */
const retryDelay: NonNullable<FastifyReplyFromHooks["retryDelay"]> = ({ err, req, attempt }) =>
  attempt === 0 && isRead(req) && BROKEN.has(codeOf(err)) ? REPEAT_AFTER_MS : null;

const BROKEN: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);
/** No connection, so that the worker knows nothing of the request. */
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function workerUnreachable(request: FastifyRequest, code: string): ApiError {
  const isUntouched = isRead(request) || NOT_CONNECTED.has(code);
  return new ApiError("SERVICE_UNAVAILABLE", {
    message: isUntouched
      ? "This part of the service cannot be reached just now; sending goes on. Try again."
      : "No answer came, so the request may have been carried out or not. Look, then try again.",
    details: { outcome: isUntouched ? "not_accepted" : "unknown", reason: "worker_unreachable" },
    retryAfterS: 2,
  });
}

function isRead({ method }: { readonly method: string }): boolean {
  return method === "GET" || method === "HEAD";
}

/** The system's or the client's code of an error, which the plugin may have wrapped. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (error.cause !== undefined) return codeOf(error.cause);
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

function isForwarded(name: string, isCallback: boolean): boolean {
  return FORWARDED_HEADERS.has(name) || (isCallback && (BODY_HEADERS.has(name) || CALLBACK_HEADERS.test(name)));
}

/** The headers that are let through; several of one name are joined, as HTTP allows. */
function pickHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  isLetThrough: (name: string) => boolean,
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && isLetThrough(name.toLowerCase())) picked[name] = [value].flat().join(", ");
  }
  return picked;
}
