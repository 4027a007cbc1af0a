import { describeValidation, errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import type { SendDeps } from "../../messages/send-messages.ts";
import { runSend } from "../run-send.ts";
import { SEND_ERRORS, SEND_SECURITY } from "../send-declarations.ts";

const schema = {
  summary: "Send one message to one recipient or to many",
  description:
    "Answers once the message is safe in the queue. Send an Idempotency-Key and retry with it as often as you like: the message is sent once, and a stored answer carries `Idempotent-Replayed: true`. `RateLimit` and `RateLimit-Policy` tell what is left of the limits; errors that pass carry `Retry-After`.",
  tags: ["sms"],
  security: SEND_SECURITY,
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
  response: {
    202: { description: "Accepted.", content: { "application/json": { schema: { $ref: "SendAnswer#" } } } },
    ...errorResponses(...SEND_ERRORS),
  },
};

/** `POST /sms/send` (api.md section 2); 200 instead of 202 under `/api`. */
export async function sendMessageRoute(app: FastifyInstance, deps: SendDeps): Promise<void> {
  app.post("/sms/send", { schema, attachValidation: true, config: { scope: "send" } }, async (request, reply) => {
    const { validation = [], validationContext } = request.validationError ?? {};
    const answer = await runSend(deps, request, reply, {
      route: "POST /api/v1/sms/send",
      body: request.body,
      problems: describeValidation(validation, validationContext),
    });
    return reply.code(202).send(answer);
  });
}
