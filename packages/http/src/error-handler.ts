import { ApiError, makeErrorBody } from "@sms-gateway/contracts";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { describeValidation } from "./describe-validation.ts";

/**
 * The one place where an error becomes an answer (style 25). `ApiError`s are shown as they are; Fastify's own errors are
 * translated; anything else is our fault: `INTERNAL_ERROR` without detail, and the cause goes to the log.
 */
export const errorHandler = fp(
  async (app: FastifyInstance) => {
    app.setErrorHandler((error: FastifyError, request, reply) => sendError(toApiError(error), error, request, reply));
  },
  { name: "error-handler" },
);

/** Turns whatever was thrown into the error that the client sees. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof Error)) return new ApiError("INTERNAL_ERROR", { cause: error });
  const { code, statusCode, validation } = error as Partial<FastifyError>;
  if (validation !== undefined) {
    return new ApiError("INVALID_PAYLOAD", {
      message: "The request failed validation; details.errors lists every problem.",
      details: { errors: describeValidation(validation, (error as FastifyError).validationContext) },
    });
  }
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE" || statusCode === 413) return new ApiError("PAYLOAD_TOO_LARGE");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE" || statusCode === 415) return new ApiError("UNSUPPORTED_MEDIA_TYPE");
  if (statusCode === 400) {
    return new ApiError("INVALID_PAYLOAD", { status: 400, message: "The request cannot be read.", cause: error });
  }
  return new ApiError("INTERNAL_ERROR", { cause: error });
}

function sendError(shown: ApiError, cause: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (shown.status >= 500 && shown.code === "INTERNAL_ERROR") {
    request.log.error({ event: "http.failed", err: shown.cause ?? cause, request_id: request.id }, "request failed");
  }
  request.errorCode = shown.code;
  if (shown.retryAfterS !== undefined) reply.header("retry-after", String(shown.retryAfterS));
  return reply.code(shown.status).send(makeErrorBody(shown));
}

declare module "fastify" {
  interface FastifyRequest {
    /** Code of the error answer, for the request log and metrics. */
    errorCode: string | undefined;
  }
}
