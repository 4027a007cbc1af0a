import type { DockerWorld } from "../world/world.ts";
import { UNRULY_CARRIERS } from "./carriers.ts";
import { CLOCK_JUMPS, FREEZE_GATEWAY, FREEZE_WORKER } from "./freezes.ts";
import { KILL_ANY, KILL_BOTH, KILL_GATEWAY, KILL_WORKER, ROLLING_RESTART } from "./kills.ts";
import { NETWORK_CUTS } from "./network.ts";
import {
  FULL_POSTGRES_DISK,
  FULL_RABBITMQ_DISK,
  NO_CONNECTIONS,
  READ_ONLY_POSTGRES,
  SLOW_POSTGRES,
} from "./postgres.ts";
import { UNRULY_REPORTS } from "./reports.ts";
import type { DockerScenario, Fault, Scenario, StandaloneScenario } from "./scenario.ts";
import {
  DELETE_QUEUE,
  DISK_ALARM,
  KILL_POSTGRES,
  KILL_RABBITMQ,
  KILL_REDIS,
  LOSE_REDIS,
  MEMORY_ALARM,
} from "./servers.ts";
import { FREEZE_STANDALONE, KILL_EMBEDDED_POSTGRES, KILL_STANDALONE } from "./standalone.ts";

const DOCKER_SCENARIOS: readonly Omit<DockerScenario, "shape">[] = [
  { name: "calm", description: "nothing is broken: what the others are compared with", faults: [], times: 0 },
  { name: "kill-gateway", description: "kill -9 of the only gateway", faults: [KILL_GATEWAY], times: 10, members: 1 },
  {
    name: "kill-worker",
    description: "kill -9 of the only worker while it holds a batch",
    faults: [KILL_WORKER],
    times: 30,
    members: 1,
  },
  { name: "kill-both", description: "kill -9 of both at once", faults: [KILL_BOTH], times: 10, members: 1 },
  { name: "kill-any", description: "two gateways, two workers, random kills", faults: [KILL_ANY], times: 15 },
  { name: "kill-rabbitmq", description: "kill -9 and restart of RabbitMQ", faults: [KILL_RABBITMQ], times: 5 },
  { name: "kill-postgres", description: "kill -9 and restart of Postgres", faults: [KILL_POSTGRES], times: 5 },
  { name: "kill-redis", description: "kill -9 and restart of Redis with its data", faults: [KILL_REDIS], times: 8 },
  {
    name: "lose-redis",
    description: "kill -9 of Redis, which starts again empty",
    faults: [LOSE_REDIS],
    times: 5,
  },
  { name: "memory-alarm", description: "RabbitMQ's memory alarm for 10 s", faults: [MEMORY_ALARM], times: 3 },
  { name: "disk-alarm", description: "RabbitMQ's disk alarm for 10 s", faults: [DISK_ALARM], times: 3 },
  {
    name: "delete-queue",
    description: "a lane's queue is deleted under load",
    faults: [DELETE_QUEUE],
    times: 6,
  },
  { name: "freeze-gateway", description: "a gateway stands still for 36 s", faults: [FREEZE_GATEWAY], times: 2 },
  { name: "freeze-worker", description: "a worker stands still for 36 s", faults: [FREEZE_WORKER], times: 2 },
  {
    name: "cut-network",
    description: "cut or silence between any two of gateway, worker, broker, databases",
    faults: NETWORK_CUTS,
    times: NETWORK_CUTS.length,
  },
  { name: "no-connections", description: "Postgres out of connections for 10 s", faults: [NO_CONNECTIONS], times: 3 },
  { name: "slow-postgres", description: "Postgres answers 0.8 s later, for 10 s", faults: [SLOW_POSTGRES], times: 3 },
  {
    name: "read-only-postgres",
    description: "Postgres takes no writes for 10 s",
    faults: [READ_ONLY_POSTGRES],
    times: 3,
  },
  {
    name: "full-postgres-disk",
    description: "Postgres' disk is full for 10 s",
    faults: [FULL_POSTGRES_DISK],
    times: 2,
    smallDisks: true,
  },
  {
    name: "full-rabbitmq-disk",
    description: "RabbitMQ's disk is full for 10 s",
    faults: [FULL_RABBITMQ_DISK],
    times: 2,
    smallDisks: true,
  },
  {
    name: "unruly-carriers",
    description: "carriers swallow, break, babble, refuse, report before they answer",
    faults: UNRULY_CARRIERS,
    times: UNRULY_CARRIERS.length,
  },
  {
    name: "unruly-reports",
    description: "reports come twice, late, in another order, or never",
    faults: UNRULY_REPORTS,
    times: UNRULY_REPORTS.length,
    unrulyReports: true,
  },
  { name: "clock-jump", description: "a worker's clock is off by five minutes", faults: CLOCK_JUMPS, times: 4 },
  { name: "rolling-restart", description: "SIGTERM to one after the other", faults: [ROLLING_RESTART], times: 4 },
];

const STANDALONE_SCENARIOS: readonly Omit<StandaloneScenario, "shape">[] = [
  { name: "standalone-calm", description: "nothing is broken", faults: [], times: 0 },
  { name: "standalone-kill", description: "kill -9 of the process", faults: [KILL_STANDALONE], times: 20 },
  {
    name: "standalone-kill-postgres",
    description: "kill -9 of its Postgres",
    faults: [KILL_EMBEDDED_POSTGRES],
    times: 20,
  },
  {
    name: "standalone-freeze",
    description: "the process stands still for 36 s",
    faults: [FREEZE_STANDALONE],
    times: 2,
  },
];

/** What the random schedule draws from: all but those that need small disks, as not every machine has them, or delete messages. */
const ANY_DOCKER_FAULT: readonly Fault<DockerWorld>[] = [
  KILL_GATEWAY,
  KILL_WORKER,
  KILL_BOTH,
  KILL_ANY,
  KILL_RABBITMQ,
  KILL_POSTGRES,
  KILL_REDIS,
  LOSE_REDIS,
  MEMORY_ALARM,
  DISK_ALARM,
  FREEZE_GATEWAY,
  FREEZE_WORKER,
  ...NETWORK_CUTS,
  NO_CONNECTIONS,
  SLOW_POSTGRES,
  READ_ONLY_POSTGRES,
  ...UNRULY_CARRIERS,
  ...UNRULY_REPORTS,
  ...CLOCK_JUMPS,
  ROLLING_RESTART,
];

const RANDOM: readonly Scenario[] = [
  {
    shape: "docker",
    name: "random",
    description: "all of the above but deleted queues and full disks, in the order that the seed draws",
    faults: ANY_DOCKER_FAULT,
    times: 12,
    isDrawn: true,
    unrulyReports: true,
  },
  {
    shape: "standalone",
    name: "standalone-random",
    description: "kills and unruly carriers for the standalone shape, in the order that the seed draws",
    faults: [KILL_STANDALONE, KILL_EMBEDDED_POSTGRES, ...UNRULY_CARRIERS],
    times: 12,
    isDrawn: true,
  },
  {
    shape: "docker",
    name: "short",
    description: "what happens most often, in the order that the seed draws",
    faults: [KILL_WORKER, KILL_GATEWAY, KILL_RABBITMQ, KILL_POSTGRES, KILL_REDIS],
    times: 5,
    isDrawn: true,
  },
  {
    shape: "standalone",
    name: "standalone-short",
    description: "the same for the standalone shape",
    faults: [KILL_STANDALONE, KILL_EMBEDDED_POSTGRES],
    times: 4,
    isDrawn: true,
  },
];

/** All of them, in the order in which `make chaos` runs them. */
export const SCENARIOS: readonly Scenario[] = [
  ...DOCKER_SCENARIOS.map((scenario): Scenario => ({ ...scenario, shape: "docker" })),
  ...STANDALONE_SCENARIOS.map((scenario): Scenario => ({ ...scenario, shape: "standalone" })),
  ...RANDOM,
];
