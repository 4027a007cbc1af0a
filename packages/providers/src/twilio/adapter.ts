import type { AccountOptions, Adapter } from "../adapter.ts";
import { createHttpExchanger } from "../http-exchange.ts";
import type { CallOptions, ProviderAccount } from "../provider.ts";
import { parseTwilioCallback, verifyTwilioSignature } from "./callbacks.ts";
import { TWILIO_CAPABILITIES } from "./capabilities.ts";
import { readTwilioConfig, twilioConfig } from "./config.ts";
import { loadTwilioSdk, type TwilioSdk } from "./http-client.ts";
import { readTwilioMessage, searchTwilio } from "./search.ts";
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

  /** Makes a call with the SDK, whose loading counts towards the call's time. */
  async function call<R>({ timeoutMs, signal }: CallOptions, run: (sdk: TwilioSdk, limits: CallOptions) => Promise<R>) {
    const startedMs = performance.now();
    loading ??= loadTwilioSdk(config, http);
    const sdk = await loading;
    return run(sdk, { timeoutMs: timeoutMs - (performance.now() - startedMs), signal });
  }

  return {
    capabilities: TWILIO_CAPABILITIES,
    submit: (message, options) => call(options, (sdk, limits) => submitToTwilio(sdk, config, message, limits)),
    search: (query, options) => call(options, (sdk, limits) => searchTwilio(sdk, config, query, limits)),
    readMessage: (id, options) => call(options, (sdk, limits) => readTwilioMessage(sdk, id, limits)),
    verifyCallback: (request) => verifyTwilioSignature(config.authToken, request),
    parseCallback: parseTwilioCallback,
    stop: () => http.close(),
  };
}
