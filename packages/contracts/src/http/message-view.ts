import { type Static, Type } from "typebox";
import { ATTEMPT_OUTCOMES, REPORT_STATUSES } from "../attempt-states.ts";
import { TraceView } from "../decision-trace.ts";
import { MESSAGE_STATES } from "../message-states.ts";
import { orNull } from "../or-null.ts";
import { ENCODINGS, MESSAGE_TYPES, SMS_TYPES } from "./send-request.ts";

const Time = Type.String({ format: "date-time" });

/** Facts about the HTTP request that brought a message (requirement 000: "request metadata"). */
export const RequestMetadata = Type.Object({
  id: Type.String(),
  ip: Type.String(),
  user_agent: orNull(Type.String()),
  bytes: Type.Integer({ description: "Size of the body." }),
  message_length: Type.Integer({ description: "Length of the text, in characters." }),
});
export type RequestMetadata = Static<typeof RequestMetadata>;

/** One call of one provider, as clients see it. */
export const AttemptView = Type.Object({
  number: Type.Integer(),
  provider: Type.String(),
  outcome: orNull(Type.Enum([...ATTEMPT_OUTCOMES])),
  status: orNull(Type.Enum([...REPORT_STATUSES])),
  error_code: orNull(Type.String()),
  error_message: orNull(Type.String()),
  provider_message_id: orNull(Type.String()),
  started_at: Time,
  finished_at: orNull(Time),
});
export type AttemptView = Static<typeof AttemptView>;

export const EventView = Type.Object({
  sequence: Type.Integer(),
  type: Type.String({
    description: "message.<status>, or message.report_missing: no report came, and it is not asked for any longer.",
  }),
  at: Time,
  detail: Type.Record(Type.String(), Type.Unknown()),
});
export type EventView = Static<typeof EventView>;

const messageFields = {
  id: Type.String(),
  tracking_id: Type.String(),
  batch_id: orNull(Type.String()),
  custom_id: orNull(Type.String()),
  to: Type.String(),
  from_number: orNull(Type.String()),
  message: orNull(Type.String({ description: "Masked for otp, null once erased." })),
  message_type: Type.Enum([...MESSAGE_TYPES]),
  sms_type: Type.Enum([...SMS_TYPES]),
  encoding: Type.Enum([...ENCODINGS]),
  segments: Type.Integer(),
  priority: Type.Integer(),
  status: Type.Enum([...MESSAGE_STATES]),
  error: orNull(Type.Object({ code: Type.String(), message: Type.String() })),
  provider: orNull(Type.String()),
  provider_message_id: orNull(Type.String()),
  simulated: Type.Boolean(),
  possible_double: Type.Boolean(),
  cost: orNull(Type.Object({ amount: Type.String(), currency: Type.String() })),
  metadata: orNull(Type.Record(Type.String(), Type.Unknown())),
  callback_url: orNull(Type.String()),
  request: orNull(RequestMetadata),
  schedule_at: orNull(Time),
  expire_at: orNull(Time),
  created_at: Time,
  queued_at: orNull(Time),
  sent_at: orNull(Time),
  delivered_at: orNull(Time),
  updated_at: Time,
};

/** A message in a list. */
export const MessageSummary = Type.Object(messageFields);
export type MessageSummary = Static<typeof MessageSummary>;

/** `GET /api/v1/sms/{id}` of a recorded message. */
export const MessageView = Type.Object(
  {
    ...messageFields,
    attempts: Type.Array(AttemptView),
    events: Type.Array(EventView),
    trace: Type.Optional(Type.Array(TraceView, { description: "Only with `?trace=true`." })),
  },
  { $id: "MessageView" },
);
export type MessageView = Static<typeof MessageView>;

/** `GET /api/v1/sms/{id}` of a message that was issued to this client and is not recorded yet. */
export const AcceptedMessageView = Type.Object(
  { id: Type.String(), tracking_id: Type.String(), status: Type.Literal("accepted"), created_at: Time },
  { $id: "AcceptedMessageView" },
);
export type AcceptedMessageView = Static<typeof AcceptedMessageView>;

/** `GET /api/v1/sms`. */
export const MessageList = Type.Object(
  {
    items: Type.Array(MessageSummary),
    limit: Type.Integer(),
    offset: Type.Integer(),
    has_more: Type.Boolean(),
    next_cursor: orNull(Type.String()),
  },
  { $id: "MessageList" },
);
export type MessageList = Static<typeof MessageList>;
