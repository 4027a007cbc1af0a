import { ApiError, makeErrorBody, type SimpleSendAnswer } from "@sms-gateway/contracts";
import { errorResponses, toApiError } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { SendDeps } from "../messages/send-messages.ts";
import { runSend } from "./sms/send-message.ts";

const Text = Type.Optional(Type.Unknown());
const SimpleSendRequest = Type.Object(
  {
    to: Text,
    message: Text,
    recipient_number: Text,
    message_content: Text,
    senderPhone: Text,
    receiverPhone: Text,
    messageText: Text,
    timestamp: Text,
    uuid: Text,
  },
  {
    description:
      "One of: {to, message} (requirement 000), {recipient_number, message_content} (requirement 003), {senderPhone, receiverPhone, messageText, timestamp, uuid} (requirement 001; uuid is the Idempotency-Key).",
  },
);

const schema = {
  summary: "Send one message, in the small form of the requirement documents 000, 001 and 003",
  tags: ["sms"],
  security: [{ ApiKey: [] }, { Bearer: [] }, { Basic: [] }],
  body: SimpleSendRequest,
  response: { 200: { $ref: "SimpleSendAnswer#" }, ...errorResponses(400, 401, 403, 409, 413, 415, 422, 429, 500, 503) },
};

/** `POST /send-sms` (api.md section 5). */
export async function sendSmsRoute(app: FastifyInstance, deps: SendDeps): Promise<void> {
  // These documents' clients read the field "error" of a refusal.
  app.setErrorHandler((error, request, reply) => {
    const shown = toApiError(error);
    request.errorCode = shown.code;
    if (shown.code === "INTERNAL_ERROR") request.log.error({ event: "http.failed", err: error });
    if (shown.retryAfterS !== undefined) reply.header("retry-after", String(shown.retryAfterS));
    return reply.code(shown.status).send({ ...makeErrorBody(shown), error: shown.message });
  });
  app.post("/send-sms", { schema, attachValidation: true }, async (request, reply) => {
    const { body, uuid } = readSimpleRequest(request.body);
    const { answer } = await runSend(deps, request, reply, {
      route: "POST /send-sms",
      body,
      ...(uuid === undefined ? {} : { idempotencyKey: uuid }),
    });
    const simple: SimpleSendAnswer = {
      success: true,
      message: "SMS sent successfully",
      message_sid: answer.tracking_id,
      tracking_id: answer.tracking_id,
    };
    return reply.code(200).send(simple);
  });
}

/** Finds out which document's form this is and says it in the words of `SendRequest`. A missing field is 400, as the documents say. */
function readSimpleRequest(sent: unknown): { body: Record<string, unknown>; uuid?: string } {
  const given = typeof sent === "object" && sent !== null ? (sent as Record<string, unknown>) : {};
  if (isGiven(given.receiverPhone) || isGiven(given.messageText) || isGiven(given.senderPhone)) {
    const missing = ["senderPhone", "receiverPhone", "messageText"].filter((name) => !isGiven(given[name]));
    if (missing.length > 0) throw missingFields(missing, `Missing ${missing.join(", ")}`);
    return {
      body: { to: asText(given.receiverPhone), message: given.messageText, from_number: asText(given.senderPhone) },
      ...(isGiven(given.uuid) ? { uuid: String(given.uuid) } : {}),
    };
  }
  const to = given.recipient_number ?? given.to;
  const message = given.message_content ?? given.message;
  const missing = [...(isGiven(to) ? [] : ["recipient_number"]), ...(isGiven(message) ? [] : ["message_content"])];
  if (missing.length > 0) throw missingFields(missing, "Missing recipient number or message");
  return { body: { to: asText(to), message } };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

/** Phone numbers come as JSON numbers too in these documents' clients. */
function asText(value: unknown): unknown {
  return typeof value === "number" ? String(value) : value;
}

function missingFields(names: readonly string[], message: string): ApiError {
  const errors = names.map((name) => ({ path: `/${name}`, message: "is required" }));
  return new ApiError("INVALID_PAYLOAD", { status: 400, message, details: { errors } });
}
