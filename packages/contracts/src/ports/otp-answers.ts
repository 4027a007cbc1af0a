import { type Static, type TSchema, Type } from "typebox";
import { Compile } from "typebox/compile";

/*
 * What the steps of `OtpSessions` answer. Stores decide and answer in one step of their own, as JSON, which is parsed
 * here, so that all of them speak alike.
 */

/** A session as it may be shown: without the hash of its code. */
const OtpSession = Type.Object({
  sessionId: Type.String(),
  phoneNumber: Type.String(),
  status: Type.Enum(["pending", "verified", "exhausted", "expired"]),
  attempts: Type.Integer({ description: "Wrong checks so far, over all codes of the session." }),
  attemptsMax: Type.Integer(),
  resends: Type.Integer(),
  createdAtMs: Type.Integer({ description: "Milliseconds since 1970 by the store's clock, as the other times here." }),
  expiresAtMs: Type.Integer(),
  resendAvailableAtMs: Type.Integer({ description: "End of the cooldown that the session's newest code has started." }),
  memo: Type.String(),
});
export type OtpSession = Static<typeof OtpSession>;

/** A code was sent to the number a moment ago. */
const Cooldown = Type.Object({
  outcome: Type.Literal("cooldown"),
  retryAfterS: Type.Integer({ minimum: 1, description: "Whole seconds until the next may be sent." }),
});

/**
 * - `created`: the session is there, publish its code. `takenOver`: it was already, under another token (a request that is
 *   answered a second time): its code is that of the first `create`, and nobody can discard it any more.
 * - `discarded`: the token was discarded before this call arrived: publish nothing.
 */
const OtpCreateAnswer = Type.Union([
  Type.Object({ outcome: Type.Literal("created"), session: OtpSession, takenOver: Type.Boolean() }),
  Cooldown,
  Type.Object({ outcome: Type.Literal("discarded") }),
]);
export type OtpCreateAnswer = Static<typeof OtpCreateAnswer>;

const OtpCheckAnswer = Type.Union([
  Type.Object({ outcome: Type.Enum(["verified", "expired", "too_many_attempts", "already_used", "not_found"]) }),
  Type.Object({ outcome: Type.Literal("incorrect"), attemptsRemaining: Type.Integer({ minimum: 0 }) }),
]);
export type OtpCheckAnswer = Static<typeof OtpCheckAnswer>;

/** `renewed`: the new code is the only one that is right, publish it. `discarded`: as for a create. */
const OtpResendAnswer = Type.Union([
  Type.Object({ outcome: Type.Literal("renewed"), session: OtpSession }),
  Cooldown,
  Type.Object({ outcome: Type.Enum(["used", "exhausted", "expired", "not_found", "discarded"]) }),
]);
export type OtpResendAnswer = Static<typeof OtpResendAnswer>;

/** Each reads an answer from a parsed JSON value; throws a `TypeError` when the store does not speak as agreed. */
export const parseOtpSession = parserOf("session", OtpSession);
export const parseOtpCreateAnswer = parserOf("create", OtpCreateAnswer);
export const parseOtpCheckAnswer = parserOf("check", OtpCheckAnswer);
export const parseOtpResendAnswer = parserOf("resend", OtpResendAnswer);

function parserOf<T extends TSchema>(what: string, schema: T): (value: unknown) => Static<T> {
  const compiled = Compile(schema);
  return (value) => {
    if (compiled.Check(value)) return value;
    const [first] = compiled.Errors(value);
    const problem = `${first?.instancePath || "/"} ${first?.message ?? "is wrong"}`;
    throw new TypeError(`The answer to an OTP step (${what}) cannot be read: ${problem}`);
  };
}
