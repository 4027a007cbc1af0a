import { createAmqpQueue } from "@sms-gateway/amqp";
import {
  type AcceptedEnvelope,
  BOOTSTRAP_CLIENT_ID,
  type DirectoryClient,
  type DirectoryKey,
  type DirectoryProvider,
  type DirectorySnapshot,
  LANES,
  type MessageQueue,
  PROVIDER_NAMES,
} from "@sms-gateway/contracts";
import { hashApiKey } from "@sms-gateway/http";
import {
  createRedisAdmission,
  createRedisConnection,
  createRedisDirectory,
  createRedisDirectoryPublisher,
} from "@sms-gateway/redis";
import { createLogger, createMetrics, loadSettings } from "@sms-gateway/runtime";
import { describeWith, testKeyPrefix, testNamePrefix, waitFor } from "@sms-gateway/testkit";
import { buildGateway, type Gateway, type GatewayDeps, gatewaySettings } from "../src/index.ts";
import { sampleProvider } from "./sample-form.ts";

export const TEST_KEY = "b57410a7-ea73-4b3d-811f-daa0bb565500";
export const SEND = "/api/v1/sms/send";

/** Where the servers are. */
export interface Servers {
  readonly redisUrl: string;
  readonly rabbitmqUrl: string;
}

export interface WorldOptions {
  readonly settings?: Readonly<Record<string, string>>;
  readonly now?: () => number;
  /** Age at which a pending reservation is taken over. */
  readonly takeOverAfterMs?: number;
  /** Changes a part of the gateway on its way in, for instance to hold it up. */
  readonly wrap?: (deps: GatewayDeps) => Partial<GatewayDeps>;
  /** Share queues, reservations and directory with another world. */
  readonly with?: GatewayWorld;
}

/** What a client sends. */
export interface Sending {
  readonly url?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly remoteAddress?: string;
}

/** A gateway on real Redis and RabbitMQ, under prefixes of its own. */
export interface GatewayWorld {
  readonly gateway: Gateway;
  readonly prefixes: { readonly keys: string; readonly names: string };
  /** Every line of the log. */
  readonly log: readonly string[];
  /** Posts to `sms/send` with the test key, unless told otherwise. */
  send(sending?: Sending): Promise<SendResult>;
  /** Publishes the directory with changes, and waits until the gateway has it. */
  publish(changes?: DirectoryChanges): Promise<void>;
  /** Takes what lies in the queues; the order of lanes is not told. */
  takeEnvelopes(count: number): Promise<AcceptedEnvelope[]>;
  close(): Promise<void>;
}

export interface SendResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly body: ReturnType<typeof JSON.parse>;
}

export interface DirectoryChanges {
  readonly clients?: readonly Partial<DirectoryClient>[];
  readonly keys?: readonly (Partial<DirectoryKey> & { readonly key: string })[];
  readonly providers?: readonly DirectoryProvider[];
}

/** A suite with a world of its own for each test that opens one; skipped where a server is missing. */
export function describeGateway(name: string, suite: (servers: Servers) => void): void {
  describeWith("redis", name, (redisUrl) => {
    describeWith("rabbitmq", "over RabbitMQ", (rabbitmqUrl) => suite({ redisUrl, rabbitmqUrl }));
  });
}

/** Opens a gateway that is ready: connected, with the bootstrapped client, its key and five providers in its directory. */
export async function openWorld(servers: Servers, options: WorldOptions = {}): Promise<GatewayWorld> {
  const parts = openParts(servers, options);
  const { deps, log } = parts;
  const gateway = await buildGateway({ ...deps, ...options.wrap?.(deps) });
  await gateway.app.ready();
  const world: GatewayWorld = {
    gateway,
    prefixes: parts.prefixes,
    log,
    send: async ({ url = SEND, body = { to: "+12025550123", message: "Hello" }, headers = {}, remoteAddress } = {}) => {
      const response = await gateway.app.inject({
        method: "POST",
        url,
        headers: { "content-type": "application/json", "api-key": TEST_KEY, ...headers },
        payload: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
        ...(remoteAddress === undefined ? {} : { remoteAddress }),
      });
      return {
        status: response.statusCode,
        headers: response.headers,
        text: response.body,
        body: JSON.parse(response.body),
      };
    },
    publish: (changes = {}) => parts.publish(changes),
    takeEnvelopes: (count) => takeEnvelopes(servers, parts.prefixes.names, count),
    close: async () => {
      await gateway.app.close();
      await parts.close();
    },
  };
  if (options.with === undefined) await world.publish();
  await waitFor(() => deps.queue.health().ok, { what: "the queue", timeoutMs: 20_000 });
  await waitFor(() => deps.directory.refresh().then(() => deps.directory.loaded()), { what: "the directory" });
  return world;
}

function openParts({ redisUrl, rabbitmqUrl }: Servers, options: WorldOptions) {
  const prefixes = options.with?.prefixes ?? { keys: testKeyPrefix(), names: testNamePrefix() };
  const log: string[] = [];
  const destination = { write: (line: string) => void log.push(line) };
  const logger = createLogger({ service: "gateway", level: "trace", destination });
  const connection = createRedisConnection({ url: redisUrl, keyPrefix: prefixes.keys });
  const directory = createRedisDirectory(connection);
  const admission = createRedisAdmission(
    connection,
    options.takeOverAfterMs === undefined ? {} : { takeOverAfterMs: options.takeOverAfterMs },
  );
  const queue = createAmqpQueue({ url: rabbitmqUrl, namePrefix: prefixes.names, role: "gateway" });
  const publisher = createRedisDirectoryPublisher(connection);
  const deps: GatewayDeps = {
    settings: loadSettings(gatewaySettings, { RATE_LIMIT_PER_SECOND: "0", RATE_LIMIT_PER_MINUTE: "0", ...options.settings }),
    logger,
    metrics: createMetrics("gateway"),
    queue,
    admission,
    directory,
    now: options.now ?? Date.now,
  };
  return {
    deps,
    log,
    prefixes,
    publish: async (changes: DirectoryChanges) => {
      const version = Date.now() + (await publisher.publishedVersion().catch(() => 0) ?? 0) % 2;
      await waitFor(() => connection.ping().then(() => true), { what: "Redis", timeoutMs: 20_000 });
      await publisher.publish(snapshotOf(version, changes));
      await waitFor(() => directory.refresh().then(() => directory.version() === version), { what: "the new directory" });
    },
    close: async () => {
      await Promise.all([queue.close(), directory.close(), admission.close()]);
      await connection.close();
    },
  };
}
