import { type Static, Type } from "typebox";
import { ENCODINGS } from "./send-request.ts";

/** One message of an acceptance. */
export const AcceptedMessage = Type.Object({
  id: Type.String(),
  to: Type.String(),
  status: Type.Literal("accepted"),
  encoding: Type.Enum([...ENCODINGS]),
  segments: Type.Integer(),
});
export type AcceptedMessage = Static<typeof AcceptedMessage>;

/** The answer of `POST /api/v1/sms/send` (202; 200 under `/api`). */
export const SendAnswer = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.String(),
    tracking_id: Type.String({ description: "Id of the first message." }),
    batch_id: Type.String(),
    message_count: Type.Integer(),
    message_ids: Type.Array(Type.String()),
    messages: Type.Array(AcceptedMessage),
    duplicates: Type.Array(Type.String(), {
      description: "Numbers that were given more than once; each got one message.",
    }),
    warnings: Type.Array(Type.String()),
    scheduled_for: Type.Union([Type.String({ format: "date-time" }), Type.Null()]),
    simulated: Type.Boolean({ description: "true: the carrier lab carries it, no real handset." }),
  },
  { $id: "SendAnswer" },
);
export type SendAnswer = Static<typeof SendAnswer>;

/** The answer of `POST /send-sms` (requirements 000, 001 and 003). */
export const SimpleSendAnswer = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.Literal("SMS sent successfully"),
    message_sid: Type.String(),
    tracking_id: Type.String(),
  },
  { $id: "SimpleSendAnswer" },
);
export type SimpleSendAnswer = Static<typeof SimpleSendAnswer>;
