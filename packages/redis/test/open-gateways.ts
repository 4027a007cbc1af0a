import { waitFor } from "@sms-gateway/testkit";
import { Redis } from "ioredis";
import {
  createRedisAdmission,
  createRedisConnection,
  type RedisAdmission,
  type RedisAdmissionOptions,
  type RedisConnection,
  type RedisConnectionOptions,
  redisHealth,
} from "../src/index.ts";

export interface OpenGateway {
  readonly connection: RedisConnection;
  readonly admission: RedisAdmission;
}

type OpenOptions = RedisAdmissionOptions & Partial<RedisConnectionOptions>;

/** Gateways on one Redis, each with a connection of its own, and a plain client to look at what they left there. */
export function openGateways(url: string, keyPrefix: string) {
  const raw = new Redis(url);
  // Tests stop the server under it; what it must then answer to, it answers to with its next command.
  raw.on("error", () => undefined);
  const opened: OpenGateway[] = [];
  return {
    raw,
    open: async ({ takeOverAfterMs, ...options }: OpenOptions = {}): Promise<OpenGateway> => {
      const connection = createRedisConnection({ url, keyPrefix, ...options });
      const admission = createRedisAdmission(connection, takeOverAfterMs === undefined ? {} : { takeOverAfterMs });
      opened.push({ connection, admission });
      await waitFor(async () => (await redisHealth(connection)).ok, { what: "the connection to Redis" });
      return { connection, admission };
    },
    close: async () => {
      await Promise.all(opened.map(({ admission }) => admission.close()));
      await Promise.all(opened.map(({ connection }) => connection.close()));
      raw.disconnect();
    },
  };
}
