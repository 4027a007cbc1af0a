import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RunningServer } from "@sms-gateway/testkit";
import type { DockerWorld } from "../world/world.ts";
import type { Fault, Stage } from "./scenario.ts";

type DockerFault = Fault<DockerWorld>;

const AWAY_MAX_MS = 3_000;
const ALARM_MS = 10_000;
/** RabbitMQ's own default, as a share of the machine's memory. */
const USUAL_MEMORY_WATERMARK = "0.4";
const USUAL_DISK_LIMIT = "50MB";
/** More than any disk has free. */
const UNREACHABLE_DISK_LIMIT = "1000000GB";
const LANE_QUEUES = ["sms.accepted.high", "sms.accepted.normal", "sms.accepted.bulk"] as const;

/** Recovery begins when it is started, and not when it is ready. */
async function killAndStart(
  server: RunningServer,
  { random, mended }: Stage<DockerWorld>,
  between?: () => Promise<void>,
): Promise<void> {
  await server.kill();
  await between?.();
  await delay(random.int(0, AWAY_MAX_MS));
  mended();
  await server.start();
}

export const KILL_RABBITMQ: DockerFault = {
  name: "kill -9 of RabbitMQ",
  inject: (stage) => killAndStart(stage.world.rabbitmq, stage),
};

export const KILL_POSTGRES: DockerFault = {
  name: "kill -9 of Postgres",
  excuses: ["unknown"],
  inject: (stage) => killAndStart(stage.world.postgres, stage),
};

export const KILL_REDIS: DockerFault = {
  name: "kill -9 of Redis, which keeps its data",
  inject: (stage) => killAndStart(stage.world.redis, stage),
};

export const LOSE_REDIS: DockerFault = {
  name: "kill -9 of Redis, which loses its data",
  excuses: ["quota"],
  inject: (stage) =>
    killAndStart(stage.world.redis, stage, () =>
      rm(join(stage.world.redis.dataDir, "appendonlydir"), { recursive: true, force: true }),
    ),
};

/** RabbitMQ takes nothing more, as it does when memory runs out. */
export const MEMORY_ALARM: DockerFault = {
  name: "RabbitMQ's memory alarm",
  async inject({ world }) {
    await world.rabbitmq.rabbitmqctl("set_vm_memory_high_watermark", "0.00001");
    try {
      await delay(ALARM_MS);
    } finally {
      await world.rabbitmq.rabbitmqctl("set_vm_memory_high_watermark", USUAL_MEMORY_WATERMARK);
    }
  },
};

/** The same for the disk: by its watermark, so that it can be tried anywhere. */
export const DISK_ALARM: DockerFault = {
  name: "RabbitMQ's disk alarm",
  async inject({ world }) {
    await world.rabbitmq.rabbitmqctl("set_disk_free_limit", UNREACHABLE_DISK_LIMIT);
    try {
      await delay(ALARM_MS);
    } finally {
      await world.rabbitmq.rabbitmqctl("set_disk_free_limit", USUAL_DISK_LIMIT);
    }
  },
};

/** Somebody deletes a queue, with all that is in it. */
export const DELETE_QUEUE: DockerFault = {
  name: "a lane's queue is deleted",
  excuses: ["deleted"],
  async inject({ world, random }) {
    await world.rabbitmq.rabbitmqctl("delete_queue", random.pick(LANE_QUEUES));
  },
};
