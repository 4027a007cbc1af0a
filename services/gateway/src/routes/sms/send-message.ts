import { errorResponses, type SchemaError, toApiError } from "@sms-gateway/http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Acceptance } from "../../messages/accept-messages.ts";
import { refusalDetail, type SendCall, type SendDeps, sendMessages } from "../../messages/send-messages.ts";
import { setLimitHeaders, setLimitHeadersOf } from "../../plugins/limit-headers.ts";

const schema = {
  summary: "Send one message to one recipient or to many",
  description:
    "Answers once the message is safe in the queue. Send an Idempotency-Key and retry with it as often as you like: the message is sent once. Under /api the status is 200.",
  tags: ["sms"],
  security: [{ ApiKey: [] }, { Bearer: [] }, { Basic: [] }],
  headers: {
    type: "object",
    properties: {
      "idempotency-key": {
        type: "string",
        description: "1 to 255 characters of A–Z a–z 0–9 . _ : -, kept for 24 h per client.",
      },
    },
  },
  body: { $ref: "SendRequest#" },
  response: { 202: { $ref: "SendAnswer#" }, ...errorResponses(400, 401, 403, 409, 413, 415, 422, 429, 500, 503) },
};

/** `POST /sms/send` (api.md section 2). */
export async function sendMessageRoute(app: FastifyInstance, deps: SendDeps): Promise<void> {
  app.post("/sms/send", { schema, attachValidation: true }, async (request, reply) => {
    const acceptance = await runSend(deps, request, reply, { route: "POST /api/v1/sms/send", body: request.body });
    return reply.code(202).send(acceptance.answer);
  });
}

/** What the routes that send have in common: authenticate, accept, headers, metrics. */
export async function runSend(
  deps: SendDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  call: Pick<SendCall, "route" | "body"> & { readonly idempotencyKey?: string },
): Promise<Acceptance> {
  try {
    const caller = await request.authenticate("send");
    const acceptance = await sendMessages(deps, {
      caller,
      route: call.route,
      sentBody: request.body,
      body: call.body,
      schemaErrors: (request.validationError?.validation ?? []) as readonly SchemaError[],
      idempotencyKey: readHeader(request, "idempotency-key") ?? call.idempotencyKey,
      request: {
        id: request.id,
        ip: request.ip,
        user_agent: readHeader(request, "user-agent")?.slice(0, 512) ?? null,
        bytes: request.bodyBytes,
      },
    });
    setLimitHeaders(reply, acceptance.limits);
    if (acceptance.replayed) reply.header("idempotent-replayed", "true");
    request.trackingId = acceptance.answer.tracking_id;
    return acceptance;
  } catch (error) {
    const shown = toApiError(error);
    deps.metrics.refused.inc({ code: shown.code, detail: refusalDetail(shown) });
    setLimitHeadersOf(reply, error);
    throw error;
  }
}

function readHeader(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Tracking id of the acceptance, for the request log. */
    trackingId?: string;
  }
}
