import type { AccountOptions, Adapter } from "../adapter.ts";
import { createHttpExchanger } from "../http-exchange.ts";
import type { ProviderAccount } from "../provider.ts";
import { parseTwilioCallback, verifyTwilioSignature } from "./callbacks.ts";
import { TWILIO_CAPABILITIES } from "./capabilities.ts";
import { readTwilioConfig, twilioConfig } from "./config.ts";
import { loadTwilioSdk, type TwilioSdk } from "./http-client.ts";
import { submitToTwilio } from "./submit.ts";

/** Twilio Programmable Messaging: https://www.twilio.com/docs/messaging/api/message-resource */
export const TWILIO_ADAPTER: Adapter = {
  capabilities: TWILIO_CAPABILITIES,
  configSchema: twilioConfig,
  createAccount: createTwilioAccount,
};

function createTwilioAccount(options: AccountOptions): ProviderAccount {
  const config = readTwilioConfig(options);
  const http = createHttpExchanger();
  let loading: Promise<TwilioSdk> | undefined;
  return {
    capabilities: TWILIO_CAPABILITIES,
    async submit(message, { timeoutMs, signal }) {
      const startedMs = performance.now();
      loading ??= loadTwilioSdk(config, http);
      const sdk = await loading;
      return submitToTwilio(sdk, config, message, { timeoutMs: timeoutMs - (performance.now() - startedMs), signal });
    },
    verifyCallback: (request) => verifyTwilioSignature(config.authToken, request),
    parseCallback: parseTwilioCallback,
    stop: () => http.close(),
  };
}
