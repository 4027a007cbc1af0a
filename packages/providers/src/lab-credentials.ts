import { createHmac } from "node:crypto";

/** Credentials of an account in the carrier lab, as Twilio's adapter takes them. */
export interface LabCredentials extends Readonly<Record<string, string>> {
  readonly accountSid: string;
  readonly authToken: string;
}

/**
 * The carrier lab's account of a provider: HMAC-SHA256 of the name under the lab token, the first half the account, the
 * second its secret. The lab computes the same (`labAccount`), so no file has to pass between the two; code that ships
 * never imports the lab, so the rule stands in both and a test compares them.
 */
export function labCredentials(providerName: string, labToken: string): LabCredentials {
  const digest = createHmac("sha256", labToken).update(providerName).digest("hex");
  return { accountSid: `AC${digest.slice(0, 32)}`, authToken: digest.slice(32) };
}
