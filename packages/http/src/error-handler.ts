import { ApiError, makeErrorBody } from "@sms-gateway/contracts";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { describeValidation } from "./describe-validation.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Code of the error answer, for the request log and metrics. */
    errorCode: string | undefined;
    /** What tells failures of one code apart, for metrics: the limit or the reason. */
    errorDetail: string | undefined;
  }
}

/**
 * The one place where an error becomes an answer (style 25). `ApiError`s are shown as they are; Fastify's own errors are
 * translated; anything else is our fault: `INTERNAL_ERROR` without detail, and the cause goes to the log.
 */
export const errorHandler = fp(
  async (app: FastifyInstance) => {
    app.decorateRequest("errorDetail", undefined);
    app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  },
  { name: "error-handler" },
);

export interface SendErrorOptions {
  /** Repeats the message as `error`, which the clients of requirements 000 and 003 read. */
  readonly repeatMessage?: boolean;
}

/** Answers with an error. Also for Fastify's `frameworkErrors` (addresses that cannot be decoded) and scopes with options. */
export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { repeatMessage = false }: SendErrorOptions = {},
): FastifyReply {
  const shown = toApiError(error);
  if (shown.code === "INTERNAL_ERROR") request.log.error({ event: "http.failed", err: shown.cause ?? error });
  request.errorCode = shown.code;
  request.errorDetail = detailOf(shown);
  if (shown.retryAfterS !== undefined) reply.header("retry-after", String(shown.retryAfterS));
  const body = makeErrorBody(shown);
  return reply.code(shown.status).send(repeatMessage ? { ...body, error: shown.message } : body);
}

/** Turns whatever was thrown into the error that the client sees. */
function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!isFastifyError(error)) return new ApiError("INTERNAL_ERROR", { cause: error });
  if (error.validation !== undefined) {
    return new ApiError("INVALID_PAYLOAD", {
      message: "The request failed validation; details.errors lists every problem.",
      details: { errors: describeValidation(error.validation, error.validationContext) },
    });
  }
  switch (error.statusCode) {
    // A file that the documentation pages do not give out.
    case 403:
    case 404:
    // An id or address longer than any of ours.
    case 414:
      return new ApiError("NOT_FOUND");
    case 413:
      return new ApiError("PAYLOAD_TOO_LARGE");
    case 415:
      return new ApiError("UNSUPPORTED_MEDIA_TYPE");
    default:
      return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
        ? new ApiError("INVALID_PAYLOAD", { status: 400, message: "The request cannot be read.", cause: error })
        : new ApiError("INTERNAL_ERROR", { cause: error });
  }
}

/** Fastify's own have a status; so do those of its plugins. */
function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number";
}

function detailOf({ details }: ApiError): string | undefined {
  const detail = details.limit ?? details.reason;
  return typeof detail === "string" ? detail : undefined;
}
