import type { OtpSessions } from "@sms-gateway/contracts";
import { waitFor } from "@sms-gateway/testkit";
import {
  createRedisConnection,
  createRedisOtpSessions,
  type RedisConnection,
  type RedisConnectionOptions,
  type RedisOtpSessionsOptions,
} from "../src/index.ts";

type OpenOptions = RedisOtpSessionsOptions & Partial<RedisConnectionOptions>;

/** OTP sessions of several gateways on one Redis, each with a connection of its own. */
export function openOtpGateways(url: string, keyPrefix: string) {
  const opened: { readonly connection: RedisConnection; readonly sessions: OtpSessions }[] = [];
  return {
    open: async ({ keepMs, ...options }: OpenOptions = {}): Promise<OtpSessions> => {
      const connection = createRedisConnection({ url, keyPrefix, ...options });
      const sessions = createRedisOtpSessions(connection, keepMs === undefined ? {} : { keepMs });
      opened.push({ connection, sessions });
      await waitFor(async () => (await sessions.health()).ok, { what: "the connection to Redis" });
      return sessions;
    },
    close: async () => {
      await Promise.all(opened.map(({ sessions }) => sessions.close()));
      await Promise.all(opened.map(({ connection }) => connection.close()));
    },
  };
}
