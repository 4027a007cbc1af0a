import { createAmqpQueue } from "@sms-gateway/amqp";
import { type AcceptedEnvelope, BOOTSTRAP_CLIENT_ID } from "@sms-gateway/contracts";
import {
  createRedisAdmission,
  createRedisConnection,
  createRedisDirectory,
  createRedisDirectoryPublisher,
} from "@sms-gateway/redis";
import { createLogger, createMetrics, loadSettings } from "@sms-gateway/runtime";
import { describeWith, probeConsumer, testKeyPrefix, testNamePrefix, waitFor } from "@sms-gateway/testkit";
import { buildGateway, type Gateway, type GatewayDeps, gatewaySettings } from "../src/index.ts";
import { type DirectoryChanges, sampleSnapshot, TEST_KEY } from "./sample-directory.ts";

/** Where the servers are. */
export interface Servers {
  readonly redisUrl: string;
  readonly rabbitmqUrl: string;
}

export interface WorldOptions {
  /** In place of the defaults; rates per second and minute are off unless given. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Age at which a pending reservation is taken over, in milliseconds. */
  readonly takeOverAfterMs?: number;
  /** Changes a part of the gateway on its way in, for instance to hold it up. */
  readonly wrap?: (deps: GatewayDeps) => Partial<GatewayDeps>;
  /** Nothing is published to the directory. */
  readonly withoutDirectory?: boolean;
  /** The same queues, reservations and directory as another world's. */
  readonly prefixes?: Prefixes;
}

export interface Prefixes {
  readonly keys: string;
  readonly names: string;
}

/** What a client sends; a plain message with the test key, unless told otherwise. */
export interface Sending {
  readonly url?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly remoteAddress?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly body: ReturnType<typeof JSON.parse>;
}

/** A gateway on real Redis and RabbitMQ, under prefixes of its own. */
export interface GatewayWorld {
  readonly gateway: Gateway;
  readonly deps: GatewayDeps;
  readonly prefixes: Prefixes;
  /** Every line of the log, of every level. */
  readonly log: readonly string[];
  /** Posts to `sms/send`. */
  send(sending?: Sending): Promise<Answer>;
  /** Publishes the directory with changes, and waits until the gateway has it. */
  publishDirectory(changes?: DirectoryChanges): Promise<void>;
  /** Takes every envelope out of the queues, as a worker does; call it once, last. Waits until there are `count`. */
  takeEnvelopes(count: number): Promise<AcceptedEnvelope[]>;
  /** Messages charged to the bootstrapped client today. */
  readQuota(): Promise<number>;
  close(): Promise<void>;
}

export const SEND = "/api/v1/sms/send";
export const MESSAGE = { to: "+12025550123", message: "Hello" };

/** A suite on the run's servers; skipped where one is missing. */
export function describeGateway(name: string, suite: (servers: Servers) => void): void {
  describeWith("redis", name, (redisUrl) => {
    describeWith("rabbitmq", "with its servers", (rabbitmqUrl) => suite({ redisUrl, rabbitmqUrl }));
  });
}

/** Opens a gateway and waits until it is connected and knows the bootstrapped client, its key and five providers. */
export async function openWorld(servers: Servers, options: WorldOptions = {}): Promise<GatewayWorld> {
  const { closeParts, ...parts } = openParts(servers, options);
  const { deps } = parts;
  const gateway = await buildGateway({ ...deps, ...options.wrap?.(deps) });
  await gateway.app.ready();
  if (options.withoutDirectory !== true) await parts.publishDirectory();
  await waitFor(() => deps.queue.health().ok, { what: "the queue" });
  return {
    gateway,
    ...parts,
    send: async ({ url = SEND, body = MESSAGE, headers = {}, remoteAddress } = {}) => {
      const response = await gateway.app.inject({
        method: "POST",
        url,
        headers: { "content-type": "application/json", "api-key": TEST_KEY, ...headers },
        payload: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
        ...(remoteAddress === undefined ? {} : { remoteAddress }),
      });
      const { statusCode: status, body: text } = response;
      return { status, headers: response.headers, text, body: JSON.parse(text) };
    },
    close: async () => {
      await gateway.app.close();
      await closeParts();
    },
  };
}

function openParts({ redisUrl, rabbitmqUrl }: Servers, { settings = {}, takeOverAfterMs, ...options }: WorldOptions) {
  const prefixes = options.prefixes ?? { keys: testKeyPrefix(), names: testNamePrefix() };
  const log: string[] = [];
  const destination = { write: (line: string) => void log.push(line) };
  const connection = createRedisConnection({ url: redisUrl, keyPrefix: prefixes.keys });
  const admission = createRedisAdmission(connection, takeOverAfterMs === undefined ? {} : { takeOverAfterMs });
  const directory = createRedisDirectory(connection);
  const queue = createAmqpQueue({ url: rabbitmqUrl, namePrefix: prefixes.names, role: "gateway" });
  const withoutRates = { RATE_LIMIT_PER_SECOND: "0", RATE_LIMIT_PER_MINUTE: "0" };
  const deps: GatewayDeps = {
    settings: loadSettings(gatewaySettings, { ...withoutRates, ...settings }),
    logger: createLogger({ service: "gateway", level: "trace", destination }),
    metrics: createMetrics("gateway"),
    queue,
    admission,
    store: "redis",
    directory,
    now: Date.now,
  };
  const publisher = createRedisDirectoryPublisher(connection);
  return {
    deps,
    prefixes,
    log,
    readQuota: async () => {
      const day = new Date().toISOString().slice(0, 10);
      return Number((await connection.get(`{${BOOTSTRAP_CLIENT_ID}}:quota:${day}`)) ?? 0);
    },
    publishDirectory: async (changes: DirectoryChanges = {}) => {
      await waitFor(() => connection.ping().then(() => true), { what: "Redis" });
      const version = ((await publisher.publishedVersion()) ?? 0) + 1;
      await publisher.publish(sampleSnapshot(version, changes));
      await waitFor(() => directory.refresh().then(() => directory.version() === version), { what: "the directory" });
    },
    takeEnvelopes: (count: number) => takeAll({ url: rabbitmqUrl, namePrefix: prefixes.names, count }),
    closeParts: async () => {
      await Promise.all([queue.close(), directory.close(), admission.close()]);
      await connection.close();
    },
  };
}

async function takeAll({
  url,
  namePrefix,
  count,
}: {
  readonly url: string;
  readonly namePrefix: string;
  readonly count: number;
}): Promise<AcceptedEnvelope[]> {
  const worker = createAmqpQueue({ url, namePrefix, role: "worker" });
  try {
    const probe = probeConsumer<AcceptedEnvelope>();
    for (const lane of ["high", "normal", "bulk"] as const) await worker.consumeAccepted(lane, probe.options);
    await waitFor(() => probe.taken.flat().length >= count, { what: `${count} envelopes` });
    // Nothing may come after them: the queues are empty, unacknowledged messages included.
    await waitFor(async () => Object.values((await worker.depths()) ?? { away: 1 }).every((depth) => depth === 0), {
      what: "empty queues",
    });
    return probe.taken.flat();
  } finally {
    await worker.close();
  }
}
