import { Type } from "typebox";
import { PROVIDER_NAMES } from "./provider-names.ts";

/**
 * Settings that more than one service reads, defined once so that name, default and meaning agree. Each service's
 * `config.ts` picks the ones it needs. Annotations (`unit`, `secret`, `generate`, `insecureDefault`, `aliases`) are read
 * by the runtime package.
 */
export const SHARED_SETTINGS = {
  LOG_LEVEL: Type.Enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"], {
    description: "Least severe log lines that are written.",
    default: "info",
  }),
  RABBITMQ_URL: Type.String({
    description: "AMQP address of the message queue.",
    default: "amqp://localhost:5672",
    secret: true,
  }),
  RABBITMQ_NAME_PREFIX: Type.String({
    description: "Put before every queue name; lets several installations share a broker.",
    default: "",
  }),
  // Half a million queue messages are some hours of full load with the worker away, and several times the largest campaign
  // that is tried (200 000); what a broker keeps in memory for each is some hundred bytes. It takes effect where groups are
  // small; where they are large, the bytes do.
  QUEUE_MAX_MESSAGES: Type.Integer({
    description:
      "Most queue messages (groups of up to 500 requests) that wait in each lane, and reports; beyond it requests are refused (503, queue_full). Gateway and worker must agree.",
    unit: "queue messages",
    minimum: 1,
    maximum: 100_000_000,
    default: 500_000,
  }),
  // Four such queues and the dead letters fit on a small disk, with room for a log that is written twice.
  QUEUE_MAX_BYTES: Type.Integer({
    description: "The same in bytes. Gateway and worker must agree.",
    unit: "bytes",
    minimum: 1_048_576,
    maximum: 1_099_511_627_776,
    default: 1_073_741_824,
  }),
  REDIS_URL: Type.String({
    description: "Address of Redis or Valkey.",
    default: "redis://localhost:6379",
    secret: true,
  }),
  REDIS_KEY_PREFIX: Type.String({ description: "Put before every Redis key.", default: "sms:" }),
  ID_SECRET: Type.String({
    description: "Key under which message ids are issued; gateway and worker must share it.",
    secret: true,
    generate: "hex32",
    insecureDefault: true,
    minLength: 16,
    default: "id-secret-for-development-only",
  }),
  INTERNAL_TOKEN: Type.String({
    description: "Key under which gateway and worker sign what they tell each other, and callback addresses.",
    secret: true,
    generate: "hex32",
    insecureDefault: true,
    minLength: 16,
    default: "internal-token-for-development-only",
  }),
  METRICS_TOKEN: Type.Optional(
    Type.String({ description: "Bearer token that /metrics asks for; open when not set.", secret: true }),
  ),
  TRUST_PROXY: Type.Integer({
    description: "Number of proxies in front whose X-Forwarded-For is believed.",
    unit: "hops",
    minimum: 0,
    maximum: 16,
    default: 0,
  }),
  DEFAULT_PROVIDER: Type.Optional(
    Type.Enum([...PROVIDER_NAMES], {
      description: "Provider that is asked first among equals when a request names none.",
    }),
  ),
} as const;
