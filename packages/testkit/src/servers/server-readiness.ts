import amqp from "amqplib";
import { Redis } from "ioredis";
import pg from "pg";

const ANSWER_TIMEOUT_MS = 2_000;

/** Resolves when Postgres answers a statement on that database; rejects with why not. */
export async function askPostgres(url: string): Promise<void> {
  await runSql(url, "select 1");
}

/** Runs one statement on a connection of its own. */
export async function runSql(url: string, sql: string, connectTimeoutMs = ANSWER_TIMEOUT_MS): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  // A connection lost while it is closed is nobody's concern; a failed statement rejects by itself.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Resolves when Redis answers PING, which it refuses while it still loads its data; rejects with why not. */
export async function askRedis(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    retryStrategy: () => null,
    connectTimeout: ANSWER_TIMEOUT_MS,
    commandTimeout: ANSWER_TIMEOUT_MS,
  });
  // Without a listener the client prints every refused connection; connect() rejects with the same error.
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}

/** Resolves when RabbitMQ has let us in on that virtual host; rejects with why not. */
export async function askRabbitmq(url: string): Promise<void> {
  const connection = await amqp.connect(url, { timeout: ANSWER_TIMEOUT_MS });
  connection.on("error", () => undefined);
  await connection.close();
}
