import { createHash, randomBytes } from "node:crypto";
import {
  type AdmissionLimits,
  type AdmitRequest,
  IDEMPOTENCY_KEEP_MS,
  KEYLESS_KEEP_MS,
  type ReservationRef,
} from "@sms-gateway/contracts";

export const UNLIMITED: AdmissionLimits = { perSecond: 0, perMinute: 0, perHour: 0, dailyQuota: 0 };

/** Two quota days; their ends lie ahead, as those of real days do. */
export const TODAY = "2026-01-31";
export const TOMORROW = "2026-02-01";

/** A client that no other test uses. */
export function newClientId(): string {
  return `client-${randomBytes(6).toString("hex")}`;
}

/** The hash of an idempotency key with this name. */
function keyHash(name: string): string {
  return createHash("sha256").update(name).digest("hex");
}

/** A request with a token and seed of its own; everything else may be given. */
export function newRequest(
  clientId: string,
  key: string | null,
  given: Partial<Omit<AdmitRequest, "ref">> & { readonly limits?: AdmissionLimits } = {},
): AdmitRequest {
  const ref: ReservationRef = {
    clientId,
    idempotencyKeyHash: key === null ? null : keyHash(key),
    seed: `seed-${randomBytes(8).toString("hex")}`,
    token: `token-${randomBytes(8).toString("hex")}`,
  };
  return {
    ref,
    fingerprint: "f".repeat(64),
    count: 1,
    limits: UNLIMITED,
    day: TODAY,
    dayEndsAtMs: Date.now() + 3_600_000,
    acceptedAtMs: Date.now(),
    simulated: true,
    memo: "",
    keepMs: key === null ? KEYLESS_KEEP_MS : IDEMPOTENCY_KEEP_MS,
    refused: false,
    ...given,
  };
}

/** The same request sent again: another gateway's token and seed, another time. */
export function sentAgain(request: AdmitRequest, given: Partial<Omit<AdmitRequest, "ref">> = {}): AdmitRequest {
  const { ref, acceptedAtMs } = newRequest(request.ref.clientId, null);
  return {
    ...request,
    ref: { ...ref, idempotencyKeyHash: request.ref.idempotencyKeyHash },
    acceptedAtMs: acceptedAtMs + 1,
    ...given,
  };
}
