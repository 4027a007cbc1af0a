import { ApiError, type SimpleSendAnswer } from "@sms-gateway/contracts";
import { errorResponses, sendError } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { type Static, Type } from "typebox";
import type { FieldNames } from "../messages/invalid-payload.ts";
import type { SendDeps } from "../messages/send-messages.ts";
import { runSend, type SendRouteCall } from "./run-send.ts";
import { SEND_ERRORS, SEND_SECURITY } from "./send-declarations.ts";

// These documents' clients send numbers as JSON numbers too.
const Text = Type.Optional(Type.Union([Type.String({ maxLength: 16_384 }), Type.Number(), Type.Null()]));
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
type SimpleSendRequest = Static<typeof SimpleSendRequest>;

const schema = {
  summary: "Send one message, in the small form of the requirement documents 000, 001 and 003",
  description: "A missing field is 400. Every error carries its message once more as `error`.",
  tags: ["sms"],
  security: SEND_SECURITY,
  body: SimpleSendRequest,
  response: {
    200: { description: "Accepted.", content: { "application/json": { schema: { $ref: "SimpleSendAnswer#" } } } },
    ...errorResponses(...SEND_ERRORS),
  },
};

/** `POST /send-sms` (api.md section 5). */
export async function sendSmsRoute(app: FastifyInstance, deps: SendDeps): Promise<void> {
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, { repeatMessage: true }));
  app.post<{ Body: SimpleSendRequest }>("/send-sms", { schema, config: { scope: "send" } }, async (request, reply) => {
    const { tracking_id } = await runSend(deps, request, reply, readSimpleRequest(request.body));
    const answer: SimpleSendAnswer = {
      success: true,
      message: "SMS sent successfully",
      message_sid: tracking_id,
      tracking_id,
    };
    return reply.send(answer);
  });
}

type SimpleField = keyof SimpleSendRequest;

/** The documents' forms: which of their fields stands for which of ours. A form without a field of its own is the last. */
const FORMS: readonly Readonly<Record<string, SimpleField>>[] = [
  { to: "receiverPhone", message: "messageText", from_number: "senderPhone" },
  { to: "recipient_number", message: "message_content" },
  { to: "to", message: "message" },
];

/** Finds out which document's form this is and says it in the words of `SendRequest`. */
function readSimpleRequest(given: SimpleSendRequest): SendRouteCall {
  const form = FORMS.find((names) => Object.values(names).some((name) => readText(given[name]) !== undefined));
  const names = form ?? { to: "recipient_number", message: "message_content" };
  refuseMissing(given, names);
  const uuid = names.to === "receiverPhone" ? readText(given.uuid) : undefined;
  return {
    route: "POST /send-sms",
    body: Object.fromEntries(Object.entries(names).map(([field, name]) => [field, readText(given[name])])),
    problems: [],
    fieldNames: names,
    idempotencyKey: uuid === undefined ? undefined : { value: uuid, path: "/uuid" },
  };
}

/** @throws ApiError INVALID_PAYLOAD with the documents' status 400. */
function refuseMissing(given: SimpleSendRequest, names: FieldNames & Readonly<Record<string, SimpleField>>): void {
  const missing = Object.values(names).filter((name) => readText(given[name]) === undefined);
  if (missing.length === 0) return;
  const errors = missing.map((name) => ({ path: `/${name}`, message: "is required" }));
  const message = missing.includes("senderPhone")
    ? `Missing ${missing.join(", ")}`
    : "Missing recipient number or message";
  throw new ApiError("INVALID_PAYLOAD", { status: 400, message, details: { errors } });
}

function readText(value: string | number | null | undefined): string | undefined {
  return value === undefined || value === null || value === "" ? undefined : String(value);
}
