import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createService,
  findFreePort,
  openUnrulyCarriers,
  type RabbitmqServer,
  type RunningServer,
  type Service,
  type Settings,
  startServer,
  type UnrulyCarriers,
} from "@sms-gateway/testkit";
import type { Random } from "../random.ts";
import { makeSharedSettings, type SharedSettings } from "./base-settings.ts";
import { type Link, openLink, type Target } from "./link.ts";
import { makeKeys } from "./make-keys.ts";
import { openUnrulyReports } from "./unruly-reports.ts";
import type { DockerWorld, LinkName, Member, WorkerMember } from "./world.ts";

export interface DockerWorldOptions {
  readonly folder: string;
  readonly gateways: number;
  readonly workers: number;
  /** Where Postgres and RabbitMQ keep their data, if not below `folder`. */
  readonly disks?: NonNullable<DockerWorld["disks"]>;
  /** Reports pass somebody unruly, whose draws follow from this. */
  readonly unrulyReports?: Random;
}

interface Servers {
  readonly postgres: RunningServer;
  readonly redis: RunningServer;
  readonly rabbitmq: RabbitmqServer;
}

/** Everything that members are made of. */
interface Site {
  readonly folder: string;
  readonly servers: Servers;
  readonly shared: SharedSettings;
  readonly carriers: UnrulyCarriers;
  readonly links: Link[];
}

const CLOCK_SCRIPT = pathToFileURL(join(import.meta.dirname, "shifted-clock.mjs"));

/** Starts servers, lab, workers and gateways, all of this run alone; resolves when all are ready. */
export async function startDockerWorld(options: DockerWorldOptions): Promise<DockerWorld> {
  const { folder } = options;
  const servers = await startServers(options);
  const shared = makeSharedSettings();
  const carriers = await openUnrulyCarriers();
  const site: Site = { folder, servers, shared, carriers, links: [] };
  const lab = await createLab(site);
  carriers.setLab(lab.url);
  const [gatewayPorts, workerPorts] = [await findPorts(options.gateways), await findPorts(options.workers)];
  // Callbacks come through the gateways in turn, as through a load balancer before the only part that the world can reach.
  const gatewaysLink = await openSiteLink(site, gatewayPorts);
  const reports = options.unrulyReports && (await openUnrulyReports(gatewaysLink.port, options.unrulyReports));
  const publicPort = reports?.port ?? gatewaysLink.port;
  const workers = await Promise.all(workerPorts.map((port, index) => createWorker(site, { index, port, publicPort })));
  const gateways = await Promise.all(
    gatewayPorts.map((port, index) => createGateway(site, { index, port, workerPorts })),
  );
  const services = [lab.service, ...[...workers, ...gateways].map(({ service }) => service)];
  const stop = async (): Promise<readonly string[]> => {
    const ends = await Promise.all(services.map(endService));
    await Promise.all([carriers.close(), reports?.close()]);
    await Promise.all(site.links.map((link) => link.close()));
    await Promise.all(Object.values(servers).map((server) => server.stop()));
    return ends.flat();
  };
  try {
    await Promise.all(services.map((service) => service.start()));
    // Else RabbitMQ 3.10 forgets them when it is killed soon.
    await servers.rabbitmq.saveQueueRegistry();
    const gatewayUrls = gatewayPorts.map(toUrl);
    return {
      shape: "docker",
      folder,
      gateways,
      workers,
      ...servers,
      ...(options.disks && { disks: options.disks }),
      ...(reports && { reports }),
      gatewayUrls,
      workerUrls: workerPorts.map(toUrl),
      labUrl: lab.url,
      inboxFile: lab.inboxFile,
      carriers,
      keys: await makeKeys(servers.postgres.url, gatewayUrls, shared.apiKey),
      servers: Object.values(servers).map(({ description }) => description),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startServers({ folder, disks }: DockerWorldOptions): Promise<Servers> {
  // From programs, since their data and their processes are what is broken.
  const from = "programs";
  const [postgres, redis, rabbitmq] = await Promise.all([
    startServer("postgres", { dataDir: join(disks?.postgres.path ?? folder, "postgres"), from }),
    startServer("redis", { dataDir: join(folder, "redis"), from }),
    startServer("rabbitmq", { dataDir: join(disks?.rabbitmq.path ?? folder, "rabbitmq"), from }),
  ]);
  return { postgres, redis, rabbitmq };
}

async function createLab({ folder, shared }: Site): Promise<{ service: Service; url: string; inboxFile: string }> {
  const port = await findFreePort();
  const url = toUrl(port);
  const inboxFile = join(folder, "inbox.jsonl");
  const settings = { ...shared.common, LAB_PORT: `${port}`, LAB_TOKEN: shared.labToken, LAB_INBOX_FILE: inboxFile };
  const service = createBuiltService(folder, {
    name: "lab",
    script: "carrier-lab",
    settings,
    readyUrl: `${url}/healthz`,
  });
  return { service, url, inboxFile };
}

interface WorkerPlace {
  readonly index: number;
  readonly port: number;
  /** Where carriers send their reports. */
  readonly publicPort: number;
}

async function createWorker(site: Site, { index, port, publicPort }: WorkerPlace): Promise<WorkerMember> {
  const { links, settings } = await openServerLinks(site, ["rabbitmq", "redis", "postgres"]);
  const clockFile = join(site.folder, `clock-${index + 1}`);
  const service = createBuiltService(site.folder, {
    name: `worker-${index + 1}`,
    script: "worker",
    nodeArgs: ["--import", `${CLOCK_SCRIPT}?offset=${encodeURIComponent(clockFile)}`],
    readyUrl: `${toUrl(port)}/readyz`,
    settings: {
      ...site.shared.common,
      ...settings,
      WORKER_HOST: "127.0.0.1",
      WORKER_PORT: `${port}`,
      PUBLIC_URL: toUrl(publicPort),
      BOOTSTRAP_API_KEY: site.shared.apiKey,
      LAB_URL: site.carriers.url,
      LAB_TOKEN: site.shared.labToken,
    },
  });
  const shiftClock = (offsetMs: number): void => {
    writeFileSync(clockFile, `${offsetMs}`);
    service.sendSignal("SIGUSR2");
  };
  return { service, links, shiftClock };
}

interface GatewayPlace {
  readonly index: number;
  readonly port: number;
  readonly workerPorts: readonly number[];
}

async function createGateway(site: Site, { index, port, workerPorts }: GatewayPlace): Promise<Member> {
  const { links, settings } = await openServerLinks(site, ["rabbitmq", "redis"]);
  const worker = await openSiteLink(site, workerPorts);
  const service = createBuiltService(site.folder, {
    name: `gateway-${index + 1}`,
    script: "gateway",
    readyUrl: `${toUrl(port)}/readyz`,
    settings: {
      ...site.shared.common,
      ...settings,
      GATEWAY_HOST: "127.0.0.1",
      GATEWAY_PORT: `${port}`,
      WORKER_URL: toUrl(worker.port),
    },
  });
  return { service, links: { ...links, worker } };
}

type ServerLink = Exclude<LinkName, "worker">;

/** A way of its own to each of these servers, and the settings that lead there. */
async function openServerLinks(site: Site, names: readonly ServerLink[]) {
  const links: Partial<Record<ServerLink, Link>> = {};
  const settings: Record<string, string> = {};
  for (const name of names) {
    const server = site.servers[name];
    const link = await openSiteLink(site, [server.port]);
    const url = new URL(server.url);
    url.port = `${link.port}`;
    links[name] = link;
    settings[{ rabbitmq: "RABBITMQ_URL", redis: "REDIS_URL", postgres: "DATABASE_URL" }[name]] = url.toString();
  }
  return { links, settings };
}

async function openSiteLink(site: Site, ports: readonly number[]): Promise<Link> {
  const link = await openLink(ports.map((port): Target => ({ host: "127.0.0.1", port })));
  site.links.push(link);
  return link;
}

interface BuiltService {
  readonly name: string;
  readonly script: string;
  readonly settings: Settings;
  readonly readyUrl: string;
  readonly nodeArgs?: readonly string[];
}

/** Built code, as in production; its log is a file of its own. */
export function createBuiltService(folder: string, { name, script, ...rest }: BuiltService): Service {
  const main = `services/${script}/dist/main.js`;
  return createService({ name, main, logFile: join(folder, `${name}.log`), ...rest });
}

/** Ends it in order, whatever a fault has left it in. Tells what was not in order. */
export async function endService(service: Service): Promise<readonly string[]> {
  if (!service.isRunning()) return [`${service.name} had ended by itself`];
  service.resume();
  const { exitCode, signal } = await service.stop();
  return exitCode === 0 ? [] : [`${service.name} ended with ${exitCode ?? signal}`];
}

async function findPorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let index = 0; index < count; index += 1) ports.push(await findFreePort());
  return ports;
}

export function toUrl(port: number): string {
  return `http://127.0.0.1:${port}`;
}
