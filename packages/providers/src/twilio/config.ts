import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import type { AccountOptions } from "../adapter.ts";

const API_URL = "https://api.twilio.com";

/** A Messaging Service picks the sender itself; it is named in a field of its own. */
const MESSAGING_SERVICE_SID = "MG[0-9a-fA-F]{32}";

/** What one Twilio account is made of. */
export const twilioConfig = Type.Object({
  accountSid: Type.String({ description: "Account SID of the Twilio console.", pattern: "^AC[0-9a-fA-F]{32}$" }),
  authToken: Type.String({
    description:
      "Primary auth token of that account: password of every call, and the key that callbacks are signed with.",
    secret: true,
    pattern: "^[!-~]{1,128}$",
  }),
  baseUrl: Type.String({
    description: "Address of Twilio's API; a regional one or the carrier lab's for those who need it.",
    pattern: "^https?://[^/?#@\\s]+(/[^?#\\s]*)?$",
    default: API_URL,
  }),
  sender: Type.Optional(
    Type.String({
      description: "Sender of messages that name none: a number, a short code, a name, or a Messaging Service (MG…).",
      pattern: `^(\\+?[0-9]{3,15}|${MESSAGING_SERVICE_SID}|(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11})$`,
    }),
  ),
});
export type TwilioConfig = Static<typeof twilioConfig>;

/** @throws TypeError naming every field that is missing or malformed, never with its value. */
export function readTwilioConfig({ credentials, baseUrl = API_URL, sender }: AccountOptions): TwilioConfig {
  const config: unknown = { ...credentials, baseUrl, ...(sender === undefined ? {} : { sender }) };
  if (!Value.Check(twilioConfig, config)) throw new TypeError(`Twilio account: ${listProblems(config).join("; ")}`);
  if (!URL.canParse(config.baseUrl)) throw new TypeError("Twilio account: baseUrl is no address");
  return config;
}

/** Whether a sender names a Messaging Service. */
export function isMessagingService(sender: string): boolean {
  return new RegExp(`^${MESSAGING_SERVICE_SID}$`).test(sender);
}

function listProblems(config: unknown): string[] {
  return Value.Errors(twilioConfig, config).map(({ instancePath, message }) =>
    `${instancePath.slice(1)} ${message}`.trim(),
  );
}
