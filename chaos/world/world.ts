import type { RabbitmqServer, RunningServer, Service, SmallDisk, UnrulyCarriers } from "@sms-gateway/testkit";
import type { Tenant } from "../load/plan-request.ts";
import type { Link } from "./link.ts";
import type { UnrulyReports } from "./unruly-reports.ts";

export type Shape = "docker" | "standalone";

/** What every world has: where clients ask, where handsets are read, and the carriers in between. */
export interface WorldFace {
  readonly shape: Shape;
  /** Where the processes write; kept when a run finds a fault. */
  readonly folder: string;
  readonly gatewayUrls: readonly string[];
  /** Where messages are read and the admin API answers: by the workers' own address, past all links. */
  readonly workerUrls: readonly string[];
  readonly labUrl: string;
  /** One line for each text that reached a handset. */
  readonly inboxFile: string;
  readonly carriers: UnrulyCarriers;
  readonly keys: Keys;
  /** What ran, with versions, for the report. */
  readonly servers: readonly string[];
  /** Ends all. What should have run and did not, or did not end in order, is told. */
  stop(): Promise<readonly string[]>;
}

export interface Keys extends Readonly<Record<Tenant, string>> {
  /** Of the client that measures recovery; its messages are not judged with the others. */
  readonly probe: string;
  readonly admin: string;
}

/** Gateways and workers apart, on RabbitMQ, Redis and Postgres, each connection through a link of its own. */
export interface DockerWorld extends WorldFace {
  readonly shape: "docker";
  readonly gateways: readonly Member[];
  readonly workers: readonly WorkerMember[];
  readonly rabbitmq: RabbitmqServer;
  readonly redis: RunningServer;
  readonly postgres: RunningServer;
  /** Where these two keep their data, when a scenario fills their disks. */
  readonly disks?: Readonly<Record<"postgres" | "rabbitmq", SmallDisk>>;
  /** Between carriers and workers, when a scenario is about reports. */
  readonly reports?: UnrulyReports;
}

/** A process and the ways from it to the servers. */
export interface Member {
  readonly service: Service;
  readonly links: Readonly<Partial<Record<LinkName, Link>>>;
}

export type LinkName = "rabbitmq" | "redis" | "postgres" | "worker";

export interface WorkerMember extends Member {
  /** Sets the wall clock of its process off by so much, in ms; 0: right again. */
  shiftClock(offsetMs: number): void;
}

/** One process with its embedded Postgres. */
export interface StandaloneWorld extends WorldFace {
  readonly shape: "standalone";
  readonly standalone: Service;
  /** Of the embedded Postgres; undefined while none runs. */
  readPostgresPid(): Promise<number | undefined>;
}

export type World = DockerWorld | StandaloneWorld;
