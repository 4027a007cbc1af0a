import { createHmac } from "node:crypto";

/** The providers that have an account in the lab, one each, in the order of the documentation. */
export const LAB_PROVIDERS = ["twilio", "aws_sns", "plivo", "nexmo", "clickatell"] as const;

export interface LabAccount {
  /** `AC` and 32 hex digits, the shape of a Twilio account. */
  accountSid: string;
  /** 32 hex digits: the password of a submit and the key under which callbacks are signed. */
  authToken: string;
}

/**
 * The lab's account of a provider. It is computed, not stored (HMAC-SHA256 of the name under the lab token), so that the
 * sender and the lab agree on it without a file between them. Names outside `LAB_PROVIDERS` get an account too, but one
 * that no lab knows.
 */
export function labAccount(providerName: string, labToken: string): LabAccount {
  const digest = createHmac("sha256", labToken).update(providerName).digest("hex");
  return { accountSid: `AC${digest.slice(0, 32)}`, authToken: digest.slice(32) };
}
