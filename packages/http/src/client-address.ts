import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * The gateway tells the worker who called, signed under INTERNAL_TOKEN, so that nobody who reaches the worker directly
 * can pretend to be somebody else (architecture.md section 6). The request id binds the signature to one request.
 */
export const CLIENT_ADDRESS_HEADER = "x-sms-client-address";
export const CLIENT_ADDRESS_SIGNATURE_HEADER = "x-sms-client-address-signature";

/** Signature over a client's address, hex. */
export function signClientAddress(internalToken: string, address: string, requestId: string): string {
  return createHmac("sha256", internalToken).update(`client-address:${address}:${requestId}`).digest("hex");
}

/** Whether the gateway made this signature. Constant time. */
export function verifyClientAddress(
  internalToken: string,
  address: string,
  requestId: string,
  signature: string,
): boolean {
  const expected = Buffer.from(signClientAddress(internalToken, address, requestId));
  const given = Buffer.from(signature);
  return expected.length === given.length && timingSafeEqual(expected, given);
}
