import type { RedisConnection } from "./redis-connection.ts";

/** Whether Redis answers just now, for a readiness probe. Takes at most the connection's command timeout. */
export async function redisHealth(
  connection: Pick<RedisConnection, "ping">,
): Promise<{ ok: boolean; detail?: string }> {
  try {
    await connection.ping();
    return { ok: true };
  } catch {
    // Fixed words: anyone who reaches /readyz reads them. The connection itself reports why.
    return { ok: false, detail: "no answer from Redis" };
  }
}
