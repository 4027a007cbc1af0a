import { type DirectoryProvider, PROVIDER_NAMES } from "@sms-gateway/contracts";
import type { AttemptFacts, MessageFacts } from "../src/delivery/delivery-facts.ts";
import type { RetryContext } from "../src/delivery/plan-next-try.ts";

/** Every provider enabled, with an account in the lab, all of one priority. */
const EVERY_PROVIDER: readonly DirectoryProvider[] = PROVIDER_NAMES.map((name) => ({
  name,
  enabled: true,
  paused: false,
  priority: 1,
  accounts: { live: false, lab: true },
  capabilities: { message_types: ["text"], alphanumeric_senders: true },
}));

/** What a retry is planned with, where nothing is random. */
export function sampleContext(changes: Partial<RetryContext> = {}): RetryContext {
  return {
    providers: EVERY_PROVIDER,
    defaultProvider: "twilio",
    passesCircuit: () => true,
    random: () => 0.5,
    firstChaseMs: () => 45_000,
    ...changes,
  };
}

/** A login code that is being sent, at midnight before 2026, with an hour to live. */
export function sampleMessage(changes: Partial<MessageFacts> = {}): MessageFacts {
  return {
    status: "sending",
    providers: [],
    tried: [],
    round: 1,
    simulated: true,
    lane: "normal",
    messageType: "text",
    smsType: "otp",
    fromNumber: null,
    expireAt: new Date("2026-01-01T01:00:00.000Z"),
    providerMessageId: null,
    possibleDouble: false,
    now: new Date("2026-01-01T00:00:00.000Z"),
    ...changes,
  };
}

/** An attempt that is open. */
export function sampleAttempt(number: number, provider: string, changes: Partial<AttemptFacts> = {}): AttemptFacts {
  const none = { refusalScope: null, errorCode: null, errorMessage: null };
  return { number, provider, outcome: null, reportStatus: null, ...none, ...changes };
}
