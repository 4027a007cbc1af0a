import { type Static, type TSchema, Type } from "typebox";
import { orNull } from "../or-null.ts";

export const MESSAGE_TYPES = ["text", "unicode", "flash", "binary"] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

export const SMS_TYPES = ["transactional", "promotional", "otp", "alert", "marketing"] as const;
export type SmsType = (typeof SMS_TYPES)[number];

export const ENCODINGS = ["gsm7", "ucs2", "binary"] as const;
export type Encoding = (typeof ENCODINGS)[number];

const Variables = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]));

const nullable = <T extends TSchema>(schema: T) => Type.Optional(orNull(schema));

/** A recipient as an object (requirement 002, PhoneNumber). */
export const RecipientInput = Type.Object({
  number: Type.String({ minLength: 1, maxLength: 64, description: "The phone number; E.164 is best." }),
  country_code: nullable(
    Type.String({
      maxLength: 8,
      description: "Country (ISO 3166 alpha-2) or calling code in which a number without + is read.",
    }),
  ),
  name: nullable(Type.String({ maxLength: 255 })),
  variables: nullable(Variables),
});
export type RecipientInput = Static<typeof RecipientInput>;

const RecipientLike = Type.Union([Type.String({ minLength: 1, maxLength: 64 }), RecipientInput]);

/**
 * `POST /api/v1/sms/send`: every field of requirements 002 and 004 (api.md section 2). The schema checks types and
 * plain bounds; what depends on settings, the clock or the directory is checked by the gateway. `null` means not given,
 * as the Python clients of the requirement documents send it.
 */
export const SendRequest = Type.Object(
  {
    to: Type.Union([RecipientLike, Type.Array(RecipientLike, { minItems: 1 })], {
      description: "One recipient or a list.",
    }),
    message: nullable(Type.String({ description: "The text; for message_type binary, hex." })),
    text: nullable(Type.String({ description: "Same as message (requirement 004)." })),
    template_id: nullable(Type.String({ minLength: 1, maxLength: 255 })),
    template_variables: nullable(Variables),
    from_number: nullable(Type.String({ maxLength: 64 })),
    message_type: nullable(Type.Enum([...MESSAGE_TYPES])),
    udh: nullable(
      Type.String({ pattern: "^([0-9a-fA-F]{2}){1,134}$", description: "User data header of a binary message, hex." }),
    ),
    sms_type: nullable(Type.Enum([...SMS_TYPES])),
    provider: nullable(Type.String({ maxLength: 64, description: "Exactly this provider." })),
    providers: nullable(
      Type.Array(Type.String({ maxLength: 64 }), {
        maxItems: 16,
        description: "Ordered failover; one name is exclusive; empty is smart selection.",
      }),
    ),
    schedule_at: nullable(Type.String({ maxLength: 64, description: "ISO 8601." })),
    expire_at: nullable(Type.String({ maxLength: 64, description: "ISO 8601." })),
    ttl_seconds: nullable(Type.Integer({ minimum: 10, maximum: 259_200 })),
    priority: nullable(Type.Integer({ minimum: 1, maximum: 5, description: "1 is the highest." })),
    callback_url: nullable(Type.String({ maxLength: 2048 })),
    custom_id: nullable(Type.String({ maxLength: 255 })),
    metadata: nullable(Type.Record(Type.String(), Type.Unknown())),
    dry_run: nullable(Type.Boolean()),
  },
  { $id: "SendRequest" },
);
export type SendRequest = Static<typeof SendRequest>;

/** Largest `metadata`, as JSON text in bytes (api.md section 2). */
export const METADATA_BYTES_MAX = 4096;
/** How far ahead `schedule_at` and `expire_at` may lie, in milliseconds (90 days, api.md section 2). */
export const SCHEDULE_AHEAD_MAX_MS = 90 * 24 * 3600 * 1000;
/** Life of a message that names neither `expire_at` nor `ttl_seconds`, in seconds, counted from `schedule_at`. */
export const DEFAULT_TTL_S = 3600;
/** The same for one-time passwords. */
export const DEFAULT_OTP_TTL_S = 300;
