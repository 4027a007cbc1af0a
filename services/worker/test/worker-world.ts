import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAmqpQueue } from "@sms-gateway/amqp";
import { buildCarrierLab } from "@sms-gateway/carrier-lab";
import {
  type AcceptedEnvelope,
  BOOTSTRAP_CLIENT_ID,
  laneOf,
  type MessageQueue,
  type MessageView,
  makeBatchId,
  makeMessageId,
  makeSeed,
} from "@sms-gateway/contracts";
import { type Database, openDatabase } from "@sms-gateway/db";
import { createRedisConnection, createRedisDirectoryPublisher } from "@sms-gateway/redis";
import { createLogger, createMetrics } from "@sms-gateway/runtime";
import { findFreePort, sampleEnvelope, testKeyPrefix, testNamePrefix, waitFor } from "@sms-gateway/testkit";
import { buildWorker, type Worker } from "../src/app.ts";
import { loadWorkerSettings, type WorkerSettings } from "../src/config.ts";

/** Addresses of the servers that a world uses. */
export interface WorldServers {
  readonly databaseUrl: string;
  readonly rabbitmqUrl: string;
  readonly redisUrl: string;
  /** A random one when not given. */
  readonly redisKeyPrefix?: string;
}

/** One line of the worker's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** An answer of the worker's HTTP API. */
export interface CallAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
}

/** A worker of our own with everything around it: queue, database, carrier lab. */
export interface WorkerWorld {
  readonly settings: WorkerSettings;
  readonly worker: Worker;
  readonly db: Database;
  readonly queue: MessageQueue;
  readonly log: readonly LogLine[];
  /** Publishes one request as the gateway does; answers its message ids. */
  accept(changes?: Partial<AcceptedEnvelope>, ...numbers: string[]): Promise<string[]>;
  /** The same for one recipient. */
  acceptOne(number: string, changes?: Partial<AcceptedEnvelope>): Promise<string>;
  call(method: "GET" | "POST", path: string, key?: string): Promise<CallAnswer>;
  read(id: string): Promise<MessageView>;
  /** Waits until the message has this status. */
  until(id: string, status: string, timeoutMs?: number): Promise<MessageView>;
  readInbox(number: string): Promise<{ message: string; provider: string }[]>;
  stop(): Promise<void>;
}

const API_KEY = "b57410a7-ea73-4b3d-811f-daa0bb565500";
const LAB_TOKEN = "lab-token-of-these-tests";
/** Short, so that tests are quick; a report "sent" comes after a quarter of it. */
const DELIVERY_DELAY_MS = 60;

/** Starts a worker, its carrier lab and their connections; resolves when it works. */
export async function openWorld(
  servers: WorldServers,
  env: Readonly<Record<string, string>> = {},
  { start = true }: { start?: boolean } = {},
): Promise<WorkerWorld> {
  const folder = await mkdtemp(join(tmpdir(), "sms-worker-"));
  const lab = await buildCarrierLab({
    labToken: LAB_TOKEN,
    inboxFile: join(folder, "inbox.jsonl"),
    deliveryDelayMs: DELIVERY_DELAY_MS,
  });
  const labUrl = await lab.listen({ host: "127.0.0.1", port: 0 });
  const port = await findFreePort();
  const settings = loadWorkerSettings({
    WORKER_HOST: "127.0.0.1",
    WORKER_PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    DATABASE_URL: servers.databaseUrl,
    LAB_URL: labUrl,
    LAB_TOKEN,
    ID_SECRET: "id-secret-of-these-tests",
    INTERNAL_TOKEN: "internal-token-of-these-tests",
    ...env,
  });
  const log: LogLine[] = [];
  const logger = createLogger({
    service: "worker",
    level: "info",
    destination: { write: (line: string) => void log.push(JSON.parse(line)) },
  });
  const db = openDatabase({ url: settings.DATABASE_URL, poolMax: settings.DATABASE_POOL_MAX, connectTimeoutMs: 1000 });
  const queue = createAmqpQueue({
    url: servers.rabbitmqUrl,
    namePrefix: testNamePrefix(),
    role: "worker",
    retake: { firstMs: 100, capMs: 500 },
  });
  const redis = createRedisConnection({ url: servers.redisUrl, keyPrefix: servers.redisKeyPrefix ?? testKeyPrefix() });
  const publisher = createRedisDirectoryPublisher(redis);
  const worker = await buildWorker({ settings, logger, metrics: createMetrics("worker"), db, queue, publisher });
  await worker.app.listen({ host: "127.0.0.1", port });
  const started = worker.start();
  if (start) await started;
  await waitFor(() => queue.health().ok, { what: "the queue" });

  const call: WorkerWorld["call"] = async (method, path, key = API_KEY) => {
    const answer = await worker.app.inject({ method, url: path, headers: { "api-key": key } });
    return { status: answer.statusCode, body: answer.body === "" ? {} : answer.json(), headers: answer.headers };
  };
  const read = async (id: string) => (await call("GET", `/api/v1/sms/${id}`)).body as unknown as MessageView;
  const accept: WorkerWorld["accept"] = async (changes = {}, ...numbers) => {
    const envelope = makeEnvelope(settings.ID_SECRET, changes, numbers);
    const ending = await queue.publishAccepted(laneOf(envelope.sms_type, envelope.priority), [envelope]);
    if (ending.ending !== "confirmed") throw new Error(`the publish ended ${ending.ending}`);
    return envelope.recipients.map(({ id }) => id);
  };
  return {
    settings,
    worker,
    db,
    queue,
    log,
    accept,
    acceptOne: async (number, changes) => (await accept(changes, number))[0] ?? "",
    call,
    read,
    until: (id, status, timeoutMs = 10_000) =>
      waitFor(
        async () => {
          const message = await read(id);
          return message.status === status ? message : undefined;
        },
        { what: `message ${id} to be ${status}`, timeoutMs },
      ),
    async readInbox(number) {
      const answer = await lab.inject({ url: `/lab/handsets/${encodeURIComponent(number)}` });
      return answer.json().messages;
    },
    async stop() {
      worker.beginStop();
      await worker.app.close();
      await worker.stop();
      await lab.close();
      await queue.close();
      await redis.close();
      await db.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One request of the bootstrapped client, with ids that are issued as the gateway issues them. */
export function makeEnvelope(
  idSecret: string,
  changes: Partial<AcceptedEnvelope>,
  numbers: readonly string[],
): AcceptedEnvelope {
  const seed = makeSeed(Date.now());
  return sampleEnvelope({
    seed,
    client_id: BOOTSTRAP_CLIENT_ID,
    key_id: null,
    batch_id: makeBatchId(idSecret, BOOTSTRAP_CLIENT_ID, seed),
    from_number: null,
    text: `text ${randomBytes(4).toString("hex")}`,
    encoding: "gsm7",
    providers: [],
    callback_url: null,
    custom_id: randomUUID(),
    recipients: numbers.map((to, index) => ({
      id: makeMessageId(idSecret, BOOTSTRAP_CLIENT_ID, seed, index),
      to,
    })),
    ...changes,
  });
}

let nextNumber = 1_000;
/** A number that the lab has no script for: delivered. Another one with each call. */
export function newNumber(): string {
  nextNumber += 1;
  return `+1202555${nextNumber}`;
}
