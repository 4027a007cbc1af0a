import { SHARED_SETTINGS } from "@sms-gateway/contracts";
import { type Environment, loadSettings, type SettingProblem } from "@sms-gateway/runtime";
import { isKnownCountry, shapeSender } from "@sms-gateway/sms";
import { type Static, Type } from "typebox";

/** Every setting of the gateway. Keys are the environment's names; read once, in `main.ts`. */
export const gatewaySettings = Type.Object({
  GATEWAY_HOST: Type.String({ description: "Address that the gateway listens on.", default: "0.0.0.0" }),
  GATEWAY_PORT: Type.Integer({
    description: "Port that the gateway listens on.",
    minimum: 0,
    maximum: 65_535,
    default: 8001,
  }),
  WORKER_URL: Type.String({
    description: "Where the gateway forwards reads and callbacks to.",
    pattern: "^https?://[^/?#]+/?$",
    default: "http://localhost:9000",
  }),
  LOG_LEVEL: SHARED_SETTINGS.LOG_LEVEL,
  REQUEST_LOG_SAMPLE_RATE: Type.Number({
    description: "Share of successful requests that get a log line, 0 to 1. Failures always get one.",
    minimum: 0,
    maximum: 1,
    default: 1,
  }),
  RABBITMQ_URL: SHARED_SETTINGS.RABBITMQ_URL,
  RABBITMQ_NAME_PREFIX: SHARED_SETTINGS.RABBITMQ_NAME_PREFIX,
  QUEUE_MAX_MESSAGES: SHARED_SETTINGS.QUEUE_MAX_MESSAGES,
  QUEUE_MAX_BYTES: SHARED_SETTINGS.QUEUE_MAX_BYTES,
  REDIS_URL: SHARED_SETTINGS.REDIS_URL,
  REDIS_KEY_PREFIX: SHARED_SETTINGS.REDIS_KEY_PREFIX,
  ID_SECRET: SHARED_SETTINGS.ID_SECRET,
  INTERNAL_TOKEN: SHARED_SETTINGS.INTERNAL_TOKEN,
  METRICS_TOKEN: SHARED_SETTINGS.METRICS_TOKEN,
  TRUST_PROXY: SHARED_SETTINGS.TRUST_PROXY,
  API_KEY_REQUIRED: Type.Boolean({
    description:
      "false: calls without a key act as the bootstrapped client's test key, with the scopes send, otp and read. A wrong key is refused all the same.",
    default: true,
  }),
  MAX_MESSAGE_LENGTH: Type.Integer({
    description: "Longest text of a message.",
    unit: "characters",
    minimum: 1,
    maximum: 10_000,
    default: 1600,
  }),
  MAX_RECIPIENTS_PER_REQUEST: Type.Integer({
    description: "Most recipients of one request.",
    unit: "recipients",
    minimum: 1,
    maximum: 1000,
    default: 1000,
  }),
  RATE_LIMIT_PER_SECOND: Type.Integer({
    description: "Requests a client may make per second unless it has limits of its own; 0 is unlimited.",
    unit: "requests",
    default: 10,
  }),
  RATE_LIMIT_PER_MINUTE: Type.Integer({ description: "The same per minute.", unit: "requests", default: 100 }),
  RATE_LIMIT_PER_HOUR: Type.Integer({ description: "The same per hour.", unit: "requests", default: 1000 }),
  DEFAULT_DAILY_QUOTA: Type.Integer({
    description:
      "Messages a client may send per day (its own time zone) unless it has a quota of its own; 0 is unlimited.",
    unit: "messages",
    default: 10_000,
  }),
  DEFAULT_FROM_NUMBER: Type.Optional(
    Type.String({
      description: "Sender when neither the request nor the client names one; without it the provider account's own.",
    }),
  ),
  DEFAULT_COUNTRY: Type.Optional(
    Type.String({
      description:
        "Country (ISO 3166 alpha-2, or a calling code) in which numbers without + are read; without it they are taken as international digits.",
    }),
  ),
  DEFAULT_PROVIDER: SHARED_SETTINGS.DEFAULT_PROVIDER,
  ALLOW_ANY_SENDER: Type.Optional(
    Type.Boolean({
      description: "Whether a request may name any sender. Not set: only while the message is simulated.",
    }),
  ),
  WEBHOOK_ALLOWED_PRIVATE_HOSTS: Type.Array(Type.String(), {
    description: "Hosts for which callback_url may be http or private.",
    default: [],
  }),
});

export type GatewaySettings = Static<typeof gatewaySettings>;

/**
 * Reads the gateway's settings from the environment.
 *
 * @throws SettingsError that names every bad one.
 */
export function loadGatewaySettings(environment: Environment = process.env): GatewaySettings {
  return loadSettings(gatewaySettings, environment, checkMeaning);
}

/** What a schema cannot say: a mistake here would refuse every request that relies on the default. */
function checkMeaning({ DEFAULT_FROM_NUMBER, DEFAULT_COUNTRY }: Readonly<Record<string, unknown>>): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const sender = typeof DEFAULT_FROM_NUMBER === "string" ? shapeSender(DEFAULT_FROM_NUMBER) : undefined;
  if (sender?.ok === false) problems.push({ name: "DEFAULT_FROM_NUMBER", problem: `is no sender: ${sender.problem}` });
  if (typeof DEFAULT_COUNTRY === "string" && !isKnownCountry(DEFAULT_COUNTRY)) {
    problems.push({
      name: "DEFAULT_COUNTRY",
      problem: "is no country: give two letters such as US, or a calling code",
    });
  }
  return problems;
}
