import { fullJitterMs } from "@sms-gateway/waiting";
import { Redis } from "ioredis";
import type { RedisScript } from "./redis-script.ts";

/** How to reach Redis, and whom to tell. */
export interface RedisConnectionOptions {
  /** `redis://` or `rediss://`, with user and password if need be. */
  readonly url: string;
  /** Put before every key. */
  readonly keyPrefix: string;
  /** How long an answer may take, and how long a silent connection is believed, in milliseconds. */
  readonly commandTimeoutMs?: number;
  /** Told each time the connection is ready for use. */
  readonly onReady?: () => void;
  /** Told once per loss, and once when the first try fails; not told of `close`. */
  readonly onLost?: (cause: Error | undefined) => void;
}

/**
 * One connection to Redis. States: *connecting* → *ready* → *lost* → connecting (after a jittered pause of at most 2 s,
 * for ever) → …; any → *closed* by `close`.
 *
 * Outside *ready* every call rejects at once. A call whose connection is lost before its answer rejects, and is never
 * sent again by itself: whether it was carried out is unknown, and only the caller knows what to do about that. Trade:
 * a server that falls silent is given up after the command timeout, together with everything that was waiting on it.
 */
export interface RedisConnection {
  /** Runs a script in one round trip (two when the server does not have it yet). */
  runScript(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
  get(key: string): Promise<string | null>;
  ping(): Promise<void>;
  /** Lets calls under way end, then closes. Later calls reject. */
  close(): Promise<void>;
}

/** With the pauses between tries, a request that arrives once Redis is known to be silent is refused at once. */
const COMMAND_TIMEOUT_MS = 1_000;
/** Above a slow handshake, and low enough that a black hole of a network is left soon after it has healed. */
const CONNECT_TIMEOUT_MS = 2_000;
const RECONNECT = { firstMs: 50, capMs: 2_000 };

/**
 * Opens a connection; does not wait for it and does not fail when Redis is away: it keeps trying.
 * @throws TypeError when the address is not a `redis://` or `rediss://` URL.
 */
export function createRedisConnection(options: RedisConnectionOptions): RedisConnection {
  const client = openClient(options);
  let closing = false;
  watch(client, options, () => closing);
  return {
    runScript: (script, keys, args) => runScript(client, script, [keys.length, ...keys, ...args]),
    get: (key) => client.get(key),
    ping: async () => {
      await client.ping();
    },
    close: async () => {
      closing = true;
      // Commands leave in order, so the answer to this one comes after those of all before it. It fails only together
      // with the connection, and then there is nothing left to wait for.
      if (client.status === "ready") await Promise.allSettled([client.ping()]);
      client.disconnect();
    },
  };
}

function openClient({ url, keyPrefix, commandTimeoutMs = COMMAND_TIMEOUT_MS }: RedisConnectionOptions): Redis {
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol !== "redis:" && protocol !== "rediss:") {
    throw new TypeError("url must be an address that starts with redis:// or rediss://");
  }
  return new Redis(url, {
    keyPrefix,
    noDelay: true,
    // Requests of one turn of the event loop share one write: measured at several times the rate of single writes.
    enableAutoPipelining: true,
    // The default sends unanswered commands again after a reconnect: an admission would be charged twice.
    autoResendUnfulfilledCommands: false,
    // The default keeps commands for later while there is no connection: the caller has answered 503 by then.
    enableOfflineQueue: false,
    // 0: a lost connection rejects what is unanswered at once; null would leave it to the command timeout.
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    // Calls behind a silent pipeline wait for it before their own timeout starts; this cuts the connection under all.
    socketTimeout: commandTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (tries) => fullJitterMs(RECONNECT, tries),
  });
}

/** Turns the client's events into one call per change. */
function watch(client: Redis, { onReady, onLost }: RedisConnectionOptions, isClosing: () => boolean): void {
  let isLost = false;
  let cause: Error | undefined;
  client.on("error", (error: Error) => {
    cause = error;
  });
  client.on("ready", () => {
    isLost = false;
    cause = undefined;
    onReady?.();
  });
  client.on("close", () => {
    if (isLost || isClosing()) return;
    isLost = true;
    onLost?.(cause);
  });
}

async function runScript(client: Redis, script: RedisScript, args: (string | number)[]): Promise<unknown> {
  const [keyCount = 0, ...rest] = args;
  try {
    return await client.evalsha(script.sha1, keyCount, ...rest);
  } catch (error) {
    // The server has restarted or is new: it has run nothing and says so, so that this is no repetition.
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return client.eval(script.lua, keyCount, ...rest);
  }
}
