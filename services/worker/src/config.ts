import { SHARED_SETTINGS } from "@sms-gateway/contracts";
import { type Environment, loadSettings } from "@sms-gateway/runtime";
import { type Static, Type } from "typebox";

/** What a worker may be told to do; `WORKER_ROLES` names any of them. */
export const WORKER_ROLES = ["dispatch", "callbacks", "api"] as const;
export type WorkerRole = (typeof WORKER_ROLES)[number];

/** Every setting of the worker. Keys are the environment's names; read once, in `main.ts`. */
export const workerSettings = Type.Object({
  WORKER_HOST: Type.String({ description: "Address that the worker listens on.", default: "0.0.0.0" }),
  WORKER_PORT: Type.Integer({
    description: "Port that the worker listens on.",
    minimum: 0,
    maximum: 65_535,
    default: 9000,
  }),
  WORKER_ROLES: Type.Array(Type.String({ pattern: `^(${WORKER_ROLES.join("|")})$` }), {
    description:
      "What this worker does, comma separated: dispatch (record, submit, retry), callbacks (take delivery reports), api (answer reads).",
    minItems: 1,
    default: [...WORKER_ROLES],
  }),
  LOG_LEVEL: SHARED_SETTINGS.LOG_LEVEL,
  RABBITMQ_URL: SHARED_SETTINGS.RABBITMQ_URL,
  RABBITMQ_NAME_PREFIX: SHARED_SETTINGS.RABBITMQ_NAME_PREFIX,
  QUEUE_MAX_MESSAGES: SHARED_SETTINGS.QUEUE_MAX_MESSAGES,
  QUEUE_MAX_BYTES: SHARED_SETTINGS.QUEUE_MAX_BYTES,
  REDIS_URL: SHARED_SETTINGS.REDIS_URL,
  REDIS_KEY_PREFIX: SHARED_SETTINGS.REDIS_KEY_PREFIX,
  DATABASE_URL: Type.String({
    description: "Address of Postgres.",
    pattern: "^postgres(ql)?://",
    default: "postgresql://sms:sms@localhost:5432/sms",
    secret: true,
  }),
  DATABASE_POOL_MAX: Type.Integer({
    description: "Most connections to Postgres that one worker holds.",
    unit: "connections",
    minimum: 2,
    maximum: 200,
    default: 10,
  }),
  ID_SECRET: SHARED_SETTINGS.ID_SECRET,
  INTERNAL_TOKEN: SHARED_SETTINGS.INTERNAL_TOKEN,
  METRICS_TOKEN: SHARED_SETTINGS.METRICS_TOKEN,
  TRUST_PROXY: SHARED_SETTINGS.TRUST_PROXY,
  API_KEY_REQUIRED: Type.Boolean({
    description:
      "false: calls without a key act as the bootstrapped client's test key, with the scopes send, otp and read. A wrong key is refused all the same.",
    default: true,
  }),
  PUBLIC_URL: Type.String({
    description:
      "Address under which providers reach this worker; part of every callback address and its signature. Must be public once a real carrier is configured.",
    pattern: "^https?://[^/?#]+(/[^?#]*)?$",
    default: "http://localhost:9000",
  }),
  BOOTSTRAP_API_KEY: Type.String({
    description: "API key (kind test, every scope but admin) of the client that exists from the first start.",
    secret: true,
    minLength: 16,
    maxLength: 256,
    default: "b57410a7-ea73-4b3d-811f-daa0bb565500",
  }),
  DEFAULT_PROVIDER: SHARED_SETTINGS.DEFAULT_PROVIDER,
  SUBMIT_TIMEOUT_MS: Type.Integer({
    description: "Longest time for one call of a provider.",
    unit: "ms",
    minimum: 100,
    maximum: 10_000,
    default: 10_000,
  }),
  PROVIDER_MAX_IN_FLIGHT: Type.Integer({
    description: "Most calls of one provider that one worker has open at a time.",
    unit: "calls",
    minimum: 1,
    maximum: 1000,
    default: 128,
  }),
  REPORT_QUESTIONS_PER_SECOND: Type.Integer({
    description:
      "How often one worker asks each provider about delivery reports that have not come. More lets a backlog of lost reports end sooner, if the provider allows it.",
    unit: "questions/s",
    minimum: 1,
    maximum: 1000,
    default: 10,
  }),
  RECORD_BATCH_MAX: Type.Integer({
    description: "Most requests recorded in one statement.",
    unit: "requests",
    minimum: 1,
    maximum: 5000,
    default: 500,
  }),
  // A worker that dies with a batch gives it back within a minute; one that is cut off from the database holds its batch for
  // as long as the cut lasts, and what then arrives late takes the alarm back.
  ACCOUNTING_LOST_AFTER_S: Type.Integer({
    description: "How long a group of accepted requests may be missing before it counts as lost, which is an alarm.",
    unit: "s",
    minimum: 1,
    maximum: 86_400,
    default: 300,
  }),
  MESSAGE_RETENTION_DAYS: Type.Integer({
    description:
      "How long messages are kept, and dead letters that nobody decides about; an id issued longer ago and not in the database is answered with 404.",
    unit: "days",
    minimum: 1,
    maximum: 3650,
    default: 90,
  }),
  LAB: Type.Boolean({ description: "Whether the carrier lab (the simulated carriers) is used at all.", default: true }),
  LAB_URL: Type.String({ description: "Address of the carrier lab.", default: "http://127.0.0.1:9100" }),
  LAB_TOKEN: Type.String({
    description: "Secret of the carrier lab, from which the credentials of every lab account follow.",
    secret: true,
    generate: "hex32",
    insecureDefault: true,
    minLength: 16,
    default: "lab-token-for-development-only",
  }),
  SIMULATE_PROVIDERS: Type.Boolean({
    description:
      "true: providers without credentials of their own are simulated by the carrier lab. false: only providers with credentials work.",
    default: true,
  }),
  TWILIO_ACCOUNT_SID: Type.Optional(Type.String({ description: "Twilio account.", aliases: ["TWILIO_SID"] })),
  TWILIO_AUTH_TOKEN: Type.Optional(Type.String({ description: "Twilio's auth token of that account.", secret: true })),
  TWILIO_PHONE_NUMBER: Type.Optional(
    Type.String({ description: "Sender of messages through Twilio that name none: a number or a Messaging Service." }),
  ),
  AWS_ACCESS_KEY_ID: Type.Optional(Type.String({ description: "AWS access key for SNS.", secret: true })),
  AWS_SECRET_ACCESS_KEY: Type.Optional(Type.String({ description: "Secret of the AWS access key.", secret: true })),
  AWS_REGION: Type.Optional(Type.String({ description: "AWS region for SNS." })),
  PLIVO_AUTH_ID: Type.Optional(Type.String({ description: "Plivo account." })),
  PLIVO_AUTH_TOKEN: Type.Optional(Type.String({ description: "Plivo's auth token of that account.", secret: true })),
  NEXMO_API_KEY: Type.Optional(Type.String({ description: "Vonage (Nexmo) API key." })),
  NEXMO_API_SECRET: Type.Optional(Type.String({ description: "Secret of the Vonage API key.", secret: true })),
  CLICKATELL_API_KEY: Type.Optional(Type.String({ description: "Clickatell API key.", secret: true })),
});
export type WorkerSettings = Static<typeof workerSettings>;

/** The settings that `make admin` reads. */
const adminSettings = Type.Object({
  DATABASE_URL: workerSettings.properties.DATABASE_URL,
});

/** Reads the worker's settings. @throws SettingsError that lists every bad one. */
export function loadWorkerSettings(env: Environment = process.env): WorkerSettings {
  return loadSettings(workerSettings, env);
}

/** Reads the settings of `make admin`. @throws SettingsError that lists every bad one. */
export function loadAdminSettings(env: Environment = process.env): Static<typeof adminSettings> {
  return loadSettings(adminSettings, env);
}
