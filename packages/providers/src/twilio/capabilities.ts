import type { ProviderCapabilities } from "../provider.ts";

/**
 * Twilio's Message resource has no flash class and no binary or UDH field, and it finds out by itself when a text needs
 * UCS-2. `ValidityPeriod` is 1 to 36000 s; below 5 is not advised, because Twilio's own queue may take that long.
 * Source: https://www.twilio.com/docs/messaging/api/message-resource
 */
export const TWILIO_CAPABILITIES: ProviderCapabilities = {
  messageTypes: ["text", "unicode"],
  alphanumericSenders: true,
  validitySeconds: { min: 1, max: 36_000 },
};
