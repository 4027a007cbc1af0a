import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  createService,
  findFreePort,
  inheritedEnvironment,
  type PostgresServer,
  type RabbitmqServer,
  type RedisServer,
  ROOT,
  RUN_SOURCE,
  type Service,
  type Settings,
} from "@sms-gateway/testkit";
import { openFace, type ProductFace, startTogether, WITHOUT_LIMITS } from "./product-face.ts";
import { createTraces, type Traces } from "./traces.ts";

export interface ProductServers {
  readonly rabbitmq: RabbitmqServer;
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
}

export type ServiceName = "gateway" | "worker" | "lab";

export interface ProductOptions {
  /** Settings beside those that the harness needs itself, per service. */
  readonly settings?: Partial<Record<ServiceName, Settings>>;
}

/** The whole product as somebody outside sees it, and the switches of its parts. */
export interface Product extends ProductFace {
  readonly servers: ProductServers;
  readonly services: Readonly<Record<ServiceName, Service>>;
  readonly urls: Readonly<Record<ServiceName, string>>;
  /** Runs the admin CLI, as `make admin ARGS='…'` does, and gives what it prints. */
  admin(...words: string[]): Promise<string>;
  /** One more gateway with other settings, which is stopped with the rest. */
  startGateway(settings: Settings, readyPath?: string): Promise<StartedService>;
  /** One more worker with other settings, which is stopped with the rest. */
  startWorker(settings: Settings): Promise<StartedService>;
  stop(): Promise<void>;
}

/** A service beside those that every product has. */
export interface StartedService {
  readonly url: string;
  readonly service: Service;
}

const MAIN_OF = {
  gateway: "services/gateway/src/main.ts",
  worker: "services/worker/src/main.ts",
  lab: "services/carrier-lab/src/main.ts",
} as const satisfies Record<ServiceName, string>;
const ADMIN_TIMEOUT_MS = 30_000;
const run = promisify(execFile);

/** Starts gateway, worker and carrier lab on these servers and on free ports; resolves when all are ready. */
export async function startProduct(servers: ProductServers, { settings = {} }: ProductOptions = {}): Promise<Product> {
  const traces = createTraces();
  const folder = await mkdtemp(join(tmpdir(), "sms-gateway-e2e-"));
  const apiKey = `sk_test_${randomBytes(16).toString("hex")}`;
  traces.addSecret(apiKey);
  const ports = { gateway: await findFreePort(), worker: await findFreePort(), lab: await findFreePort() };
  const urls = mapServices((name) => `http://127.0.0.1:${ports[name]}`);
  const base = buildSettings({ servers, ports, urls, apiKey, inboxFile: join(folder, "inbox.jsonl") }, traces);
  const started: Service[] = [];
  const create = (name: ServiceName, more: Settings, readyUrl: string): Service => {
    const service = createService({ name, main: MAIN_OF[name], settings: { ...base[name], ...more }, readyUrl });
    started.push(service);
    return service;
  };
  const services = mapServices((name) =>
    create(name, settings[name] ?? {}, `${urls[name]}${name === "lab" ? "/healthz" : "/readyz"}`),
  );

  const startOneMore = async (
    name: "gateway" | "worker",
    more: Settings,
    readyPath: string,
  ): Promise<StartedService> => {
    const port = `${await findFreePort()}`;
    const url = `http://127.0.0.1:${port}`;
    const service = create(name, { ...settings[name], ...more, [`${name.toUpperCase()}_PORT`]: port }, url + readyPath);
    await service.start();
    return { url, service };
  };
  const stop = async (): Promise<void> => {
    await Promise.all(started.filter((service) => service.isRunning()).map((service) => service.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  const product: Product = {
    servers,
    services,
    urls,
    ...openFace({ gatewayUrl: urls.gateway, labUrl: urls.lab, apiKey, traces, services: started }),
    admin: (...words) => runAdmin(base.worker, words),
    startGateway: (more, readyPath = "/readyz") => startOneMore("gateway", more, readyPath),
    startWorker: (more) => startOneMore("worker", more, "/readyz"),
    stop,
  };
  await startTogether(Object.values(services), stop);
  return product;
}

function mapServices<T>(map: (name: ServiceName) => T): Record<ServiceName, T> {
  return { gateway: map("gateway"), worker: map("worker"), lab: map("lab") };
}

interface SettingFacts {
  readonly servers: ProductServers;
  readonly ports: Readonly<Record<ServiceName, number>>;
  readonly urls: Readonly<Record<ServiceName, string>>;
  readonly apiKey: string;
  readonly inboxFile: string;
}

/** What every run needs. */
function buildSettings({ servers, ports, urls, apiKey, inboxFile }: SettingFacts, traces: Traces) {
  const makeSecret = () => {
    const secret = randomBytes(32).toString("hex");
    traces.addSecret(secret);
    return secret;
  };
  const common = {
    RABBITMQ_URL: servers.rabbitmq.url,
    REDIS_URL: servers.redis.url,
    ID_SECRET: makeSecret(),
    INTERNAL_TOKEN: makeSecret(),
  };
  const labToken = makeSecret();
  const gateway: Settings = {
    ...common,
    GATEWAY_HOST: "127.0.0.1",
    GATEWAY_PORT: `${ports.gateway}`,
    WORKER_URL: urls.worker,
    ...WITHOUT_LIMITS,
  };
  const worker: Settings = {
    ...common,
    WORKER_HOST: "127.0.0.1",
    WORKER_PORT: `${ports.worker}`,
    PUBLIC_URL: urls.worker,
    DATABASE_URL: servers.postgres.url,
    BOOTSTRAP_API_KEY: apiKey,
    LAB_URL: urls.lab,
    LAB_TOKEN: labToken,
    // A loss is to be seen before a test has ended.
    ACCOUNTING_LOST_AFTER_S: "2",
  };
  const lab: Settings = { LAB_PORT: `${ports.lab}`, LAB_TOKEN: labToken, LAB_INBOX_FILE: inboxFile };
  return { gateway, worker, lab };
}

async function runAdmin(settings: Settings, words: readonly string[]): Promise<string> {
  const env = { ...inheritedEnvironment(), ...settings };
  const args = [...RUN_SOURCE, "services/worker/src/admin.ts", ...words];
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, env, timeout: ADMIN_TIMEOUT_MS });
  return stdout;
}
