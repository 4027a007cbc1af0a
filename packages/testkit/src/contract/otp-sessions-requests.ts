import { createHash, randomInt, randomUUID } from "node:crypto";
import type { OtpCheckRequest, OtpCodeRef, OtpCreateRequest, OtpResendRequest } from "@sms-gateway/contracts";

export const HOUR_MS = 3_600_000;

/** A hash of the right form; what is hashed, and under which key, is the caller's business. */
export function hashOf(code: string): string {
  return createHash("sha256").update(code).digest("hex");
}

/** A number that no other test of the client uses. */
export function newNumber(): string {
  return `+1202${randomInt(1_000_000, 10_000_000)}`;
}

/** A session with the code "right": alive for an hour, three attempts, no cooldown. Everything may be given. */
export function newOtpCreate(
  clientId: string,
  given: Partial<Omit<OtpCreateRequest, "ref" | "codeHash"> & OtpCodeRef> & { readonly code?: string } = {},
): OtpCreateRequest {
  const { code = "right", phoneNumber = newNumber(), sessionId = randomUUID(), token = randomUUID(), ...rest } = given;
  const ref = { clientId, phoneNumber, sessionId, token };
  return { ref, codeHash: hashOf(code), lifeMs: HOUR_MS, attemptsMax: 3, cooldownMs: 0, memo: "{}", ...rest };
}

/** A resend of the code "new" to that session, under a token of its own. */
export function newOtpResend({ ref }: OtpCreateRequest, code = "new"): OtpResendRequest {
  return { ref: { ...ref, token: randomUUID() }, codeHash: hashOf(code) };
}

/** A check of that session. */
export function checkOf({ ref }: OtpCreateRequest, code = "right"): OtpCheckRequest {
  const { clientId, phoneNumber, sessionId } = ref;
  return { clientId, phoneNumber, sessionId, codeHash: hashOf(code) };
}

/** A check that names the number only. */
export function checkOfNumber({ ref }: OtpCreateRequest, code = "right"): OtpCheckRequest {
  return { clientId: ref.clientId, phoneNumber: ref.phoneNumber, sessionId: null, codeHash: hashOf(code) };
}
