import type { ProviderCapabilities } from "../provider.ts";

/**
 * How long a message that Twilio took may still be missing from its list. Twilio documents no such time and promises none
 * (unverified; users have met longer ones: https://github.com/twilio/twilio-node/issues/647), so this is the default of
 * architecture.md 5.6.
 */
const SETTLE_SECONDS = 60;

/**
 * Twilio's Message resource has no flash class and no binary or UDH field, and it finds out by itself when a text needs
 * UCS-2. `ValidityPeriod` is 1 to 36000 s; below 5 is not advised, because Twilio's own queue may take that long.
 * Source: https://www.twilio.com/docs/messaging/api/message-resource
 */
export const TWILIO_CAPABILITIES: ProviderCapabilities = {
  messageTypes: ["text", "unicode"],
  alphanumericSenders: true,
  validitySeconds: { min: 1, max: 36_000 },
  search: { settleSeconds: SETTLE_SECONDS },
  readMessage: true,
};
